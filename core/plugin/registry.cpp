#include "core/plugin/registry.h"

#include <cstdlib>
#include <map>
#include <set>
#include <sstream>
#include <utility>

#include "core/plugin/announcement.h"
#include "core/plugin/guard.h"
#include "core/plugin/manifest.h"
#include "core/plugin/plugin_library.h"
#include "kd/error.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;
using Key = std::pair<std::string, std::string>;  // kind, name

std::string word(const Key& key) { return cat(key.first, ".", key.second); }

// How messages call the owner of a component; null is the engine.
std::string owner_text(const PluginManifest* owner) {
  if (!owner) return "the engine";
  return cat("plugin ", owner->name, " (", owner->folder.string(), ")");
}

[[noreturn]] void refuse_duplicate(const Key& key, const PluginManifest* first,
                                   const PluginManifest* second) {
  throw Error(ErrorCode::kPlugin,
              cat("component ", word(key), " is provided twice: by ", owner_text(first), " and by ",
                  owner_text(second)),
              "remove one, or take its folder out of KD_PLUGIN_PATH");
}

}  // namespace

struct Registry::Impl {
  struct Component {
    ComponentInfo info;
    Factory factory;
    std::string place;  // "plugin redi 0.1.0, objective.redi"
  };

  class Builtins : public Registrar {
   public:
    explicit Builtins(Impl& impl) : impl_(impl) {}
    void add_component(ComponentInfo info, Factory factory) override {
      const Key key{info.kind, info.name};
      if (const auto it = impl_.announced.find(key); it != impl_.announced.end()) {
        refuse_duplicate(key, nullptr, it->second);
      }
      if (impl_.components.count(key)) refuse_duplicate(key, nullptr, nullptr);
      const std::string place = cat("kd, ", word(key));
      impl_.components.emplace(key, Component{std::move(info), std::move(factory), place});
    }

   private:
    Impl& impl_;
  };

  std::vector<PluginManifest> manifests;
  std::map<Key, const PluginManifest*> announced;
  std::map<Key, Component> components;  // the engine's own, and those of loaded plugins
  Builtins builtins{*this};

  // The component, loading its plugin if need be; null when there is none.
  const Component* find(const Key& key) {
    if (const auto it = components.find(key); it != components.end()) return &it->second;
    const auto it = announced.find(key);
    if (it == announced.end()) return nullptr;
    load(*it->second);
    return &components.at(key);
  }

  void load(const PluginManifest& manifest) {
    const PluginLibrary& library = load_plugin_library(manifest.library);
    auto registered = registered_components(library);
    // Recipes are checked against plugin.toml alone, so it must tell the truth.
    require_as_announced(manifest, library, registered);
    for (auto& component : registered) {
      const Key key{component.info.kind, component.info.name};
      const std::string place = cat(library.title(), ", ", word(key));
      components.emplace(key,
                         Component{std::move(component.info), std::move(component.factory), place});
    }
  }
};

Registry::Registry(std::vector<fs::path> search_path) : impl_(std::make_unique<Impl>()) {
  require_built_for_torch();
  ManifestScan scan = scan_manifests(search_path);
  if (!scan.errors.empty()) throw scan.errors.front();
  impl_->manifests = std::move(scan.manifests);
  for (const auto& manifest : impl_->manifests) {
    for (const auto& component : manifest.provides) {
      const Key key{component.kind, component.name};
      const auto [it, added] = impl_->announced.emplace(key, &manifest);
      if (!added) refuse_duplicate(key, it->second, &manifest);
    }
  }
}

Registry::~Registry() = default;

const std::vector<PluginManifest>& Registry::manifests() const { return impl_->manifests; }

const PluginManifest* Registry::owner(const std::string& kind, const std::string& name) const {
  const auto it = impl_->announced.find({kind, name});
  return it == impl_->announced.end() ? nullptr : it->second;
}

const ComponentInfo* Registry::find(const std::string& kind, const std::string& name) {
  const auto* component = impl_->find({kind, name});
  return component ? &component->info : nullptr;
}

std::vector<std::string> Registry::names(const std::string& kind) const {
  std::set<std::string> out;
  for (const auto& [key, manifest] : impl_->announced) {
    if (key.first == kind) out.insert(key.second);
  }
  for (const auto& [key, component] : impl_->components) {
    if (key.first == kind) out.insert(key.second);
  }
  return {out.begin(), out.end()};
}

std::vector<std::string> Registry::kinds() const {
  std::set<std::string> out;
  for (const auto& [key, manifest] : impl_->announced) out.insert(key.first);
  for (const auto& [key, component] : impl_->components) out.insert(key.first);
  return {out.begin(), out.end()};
}

Registrar& Registry::builtins() { return impl_->builtins; }

std::shared_ptr<void> Registry::create(const std::string& kind, const std::string& name,
                                       const Value::Map& params, const CreateContext& context) {
  const auto* component = impl_->find({kind, name});
  if (!component) {
    throw Error(ErrorCode::kUsage, cat("there is no component ", kind, ".", name),
                did_you_mean(name, names(kind)));
  }
  return guarded(component->place, [&] {
    auto made = component->factory(params, context);
    if (!made) throw Error(ErrorCode::kPlugin, "its factory returned nothing");
    return made;
  });
}

std::vector<fs::path> default_plugin_path() {
  std::vector<fs::path> out;
  if (const char* variable = std::getenv("KD_PLUGIN_PATH")) {
    std::istringstream entries(variable);
    for (std::string entry; std::getline(entries, entry, ':');) {
      if (entry.empty()) continue;
      if (!fs::path(entry).is_absolute()) {
        throw Error(ErrorCode::kUsage, cat("KD_PLUGIN_PATH has the relative folder '", entry, "'"),
                    "plugins are never searched below the working directory; use absolute paths");
      }
      out.emplace_back(entry);
    }
  }
  const fs::path prefix = fs::read_symlink("/proc/self/exe").parent_path().parent_path();
  out.push_back(prefix / "plugins");
  out.push_back(prefix / "lib" / "kd" / "plugins");
  return out;
}

}  // namespace kd::core
