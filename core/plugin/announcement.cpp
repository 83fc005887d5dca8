#include "core/plugin/announcement.h"

#include <set>
#include <string>
#include <utility>

#include "kd/error.h"

namespace kd::core {
namespace {

using Key = std::pair<std::string, std::string>;  // kind, name

std::string words(const std::set<Key>& keys) {
  std::vector<std::string> out;
  for (const auto& [kind, name] : keys) out.push_back(cat(kind, ".", name));
  return join(out);
}

// Appends what differs between the announced components and the registered ones.
void compare_components(const PluginManifest& manifest,
                        const std::vector<RegisteredComponent>& components,
                        std::vector<std::string>& problems) {
  std::set<Key> missing, surplus;
  for (const auto& announced : manifest.provides) missing.insert({announced.kind, announced.name});
  for (const auto& component : components) {
    const Key key{component.info.kind, component.info.name};
    if (missing.erase(key) == 0) surplus.insert(key);
  }
  if (!missing.empty()) problems.push_back(cat("announced, not registered: ", words(missing)));
  if (!surplus.empty()) problems.push_back(cat("registered, not announced: ", words(surplus)));
}

}  // namespace

void require_as_announced(const PluginManifest& manifest, const PluginLibrary& library,
                          const std::vector<RegisteredComponent>& components) {
  std::vector<std::string> problems;
  const auto compare = [&](const char* key, const std::string& announced) {
    const auto it = library.tag.find(key);
    const std::string actual = it == library.tag.end() ? "missing" : it->second;
    if (actual == announced) return;
    problems.push_back(cat(key, " is '", announced, "' there and '", actual, "' in the library"));
  };
  compare("name", manifest.name);
  compare("version", manifest.version);
  compare_components(manifest, components, problems);
  if (problems.empty()) return;
  throw Error(
      ErrorCode::kPlugin,
      cat("plugin ", manifest.name, " differs from its plugin.toml: ", join(problems, "; ")),
      "correct plugin.toml or the plugin's registration",
      (manifest.folder / "plugin.toml").string());
}

}  // namespace kd::core
