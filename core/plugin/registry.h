// All components the host knows: those of plugins (found by plugin.toml, loaded when first needed)
// and the engine's own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kd/plugin.h"

namespace kd::core {

// A component announced in a plugin.toml, known without loading the plugin.
struct AnnouncedComponent {
  std::string kind;
  std::string name;
  std::string summary;
};

// One plugin as its plugin.toml describes it.
struct PluginManifest {
  std::string name;
  std::string version;
  std::string summary;
  std::string paper;              // may be empty
  std::filesystem::path library;  // beside plugin.toml
  std::filesystem::path folder;
  std::vector<AnnouncedComponent> provides;
};

// Looks components up for the recipe layer; fakes of it serve tests.
class ComponentCatalog {
 public:
  virtual ~ComponentCatalog() = default;
  // Null when there is none; loads the plugin that announces it. Throws kd::Error(kPlugin) when
  // that plugin cannot be loaded.
  virtual const ComponentInfo* find(const std::string& kind, const std::string& name) = 0;
  // Names of a kind, sorted, without loading anything.
  virtual std::vector<std::string> names(const std::string& kind) const = 0;
  virtual std::vector<std::string> kinds() const = 0;
  // Makes an instance: `params` are resolved, nested components already instances. Whatever the
  // plugin throws comes back as kd::Error that names plugin and component.
  virtual std::shared_ptr<void> create(const std::string& kind, const std::string& name,
                                       const Value::Map& params, const CreateContext& context) = 0;
};

// [main]
class Registry : public ComponentCatalog {
 public:
  // Folders that hold one folder a plugin. Those that do not exist are passed over.
  explicit Registry(std::vector<std::filesystem::path> search_path);
  ~Registry() override;

  const std::vector<PluginManifest>& manifests() const;
  // The plugin that announces a component, or null for the engine's own.
  const PluginManifest* owner(const std::string& kind, const std::string& name) const;

  const ComponentInfo* find(const std::string& kind, const std::string& name) override;
  std::vector<std::string> names(const std::string& kind) const override;
  std::vector<std::string> kinds() const override;

  // The engine's own components (optimizers, schedules).
  Registrar& builtins();

  std::shared_ptr<void> create(const std::string& kind, const std::string& name,
                               const Value::Map& params, const CreateContext& context) override;
  template <typename Interface>
  std::shared_ptr<Interface> create_as(const std::string& name, const Value::Map& params,
                                       const CreateContext& context) {
    return std::static_pointer_cast<Interface>(create(Interface::kKind, name, params, context));
  }

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// $KD_PLUGIN_PATH (colon-separated), then ../plugins beside the executable's folder, then
// ../lib/kd/plugins. Never the working directory.
std::vector<std::filesystem::path> default_plugin_path();

}  // namespace kd::core
