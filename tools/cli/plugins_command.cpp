// kdrun plugins: what can stand in a recipe.
#include <cstdio>
#include <memory>
#include <string>

#include "core/plugin/check.h"
#include "core/plugin/listing.h"
#include "core/plugin/manifest.h"
#include "core/plugin/registry.h"
#include "core/train/engine_components.h"
#include "kd/error.h"
#include "kd/json.h"
#include "tools/cli/commands.h"

namespace kd::cli {
namespace {

struct PluginsOptions {
  std::string name;
  bool json = false;
};

int list_plugins(bool json) {
  const core::ManifestScan scan = core::scan_manifests(core::default_plugin_path());
  if (json) {
    std::printf("%s\n", to_json(core::plugins_value(scan), 2).c_str());
  } else {
    std::fputs(core::plugins_text(scan).c_str(), stdout);
  }
  return 0;
}

int show_plugin(const PluginsOptions& options) {
  core::Registry registry(core::default_plugin_path());
  core::register_engine_components(registry.builtins());
  if (options.json) {
    std::printf("%s\n", to_json(core::show_value(registry, options.name), 2).c_str());
  } else {
    std::fputs(core::show_text(registry, options.name).c_str(), stdout);
  }
  return 0;
}

int print_schema() {
  core::Registry registry(core::default_plugin_path());
  core::register_engine_components(registry.builtins());
  std::printf("%s\n", to_json(core::schema_value(registry), 2).c_str());
  return 0;
}

int check_plugin_file(const std::string& path) {
  const core::PluginCheck check = core::check_plugin(path);
  std::fputs(core::to_text(check).c_str(), check.ok ? stdout : stderr);
  return check.ok ? 0 : static_cast<int>(ErrorCode::kPlugin);
}

}  // namespace

void add_plugins_commands(CLI::App& app, Action& action) {
  CLI::App* plugins = app.add_subcommand("plugins", "what can stand in a recipe");
  plugins->require_subcommand(1);
  auto options = std::make_shared<PluginsOptions>();

  CLI::App* list = plugins->add_subcommand("ls", "all plugins and what they bring (loads none)");
  list->add_flag("--json", options->json, "as JSON");
  list->callback(
      [options, &action] { action = [options] { return list_plugins(options->json); }; });

  CLI::App* show = plugins->add_subcommand("show", "a component's or a plugin's parameters");
  show->add_option("name", options->name, "a plugin, a component, or kind.name")->required();
  show->add_flag("--json", options->json, "as JSON");
  show->callback([options, &action] { action = [options] { return show_plugin(*options); }; });

  CLI::App* schema = plugins->add_subcommand("schema", "parameters of all components, as JSON");
  schema->callback([&action] { action = [] { return print_schema(); }; });

  CLI::App* check = plugins->add_subcommand("check", "try a plugin's file in a child process");
  check->add_option("file", options->name, "the library, its folder or its plugin.toml")
      ->required();
  check->callback(
      [options, &action] { action = [options] { return check_plugin_file(options->name); }; });
}

}  // namespace kd::cli
