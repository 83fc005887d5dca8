#include "core/plugin/check.h"

#include <optional>

#include "core/plugin/announcement.h"
#include "core/plugin/breadcrumb.h"
#include "core/plugin/child_process.h"
#include "core/plugin/manifest.h"
#include "core/plugin/plugin_library.h"
#include "kd/error.h"
#include "kd/json.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

struct Subject {
  fs::path library;
  std::optional<PluginManifest> manifest;
};

Subject find_subject(const fs::path& path) {
  const bool folder = fs::is_directory(path);
  if (folder || path.filename() == "plugin.toml") {
    const PluginManifest manifest = read_manifest(folder ? path / "plugin.toml" : path);
    return {manifest.library, manifest};
  }
  const fs::path beside = path.parent_path() / "plugin.toml";
  if (!fs::exists(beside)) return {path, std::nullopt};
  const PluginManifest manifest = read_manifest(beside);
  // A folder may hold other libraries than the plugin's.
  if (manifest.library.filename() != path.filename()) return {path, std::nullopt};
  return {path, manifest};
}

// In the child: everything that may run the plugin's code.
std::string try_plugin(const Subject& subject) {
  install_crash_handler();
  try {
    const PluginLibrary& library = load_plugin_library(subject.library);
    const auto components = registered_components(library);
    if (subject.manifest) require_as_announced(*subject.manifest, library, components);
    Value::List names;
    for (const auto& [info, factory] : components) names.push_back(cat(info.kind, ".", info.name));
    return to_json(Value::Map{{"components", std::move(names)}});
  } catch (const Error& error) {
    return to_json(Value::Map{{"problem", error.what()}});
  }
}

void read_answer(const std::string& text, PluginCheck& check) {
  const Value answer = parse_json(text);
  if (const Value* problem = answer.find("problem")) {
    check.problem = problem->as_string();
    return;
  }
  for (const auto& name : answer.find("components")->as_list()) {
    check.components.push_back(name.as_string());
  }
  check.ok = true;
}

std::string trimmed(const std::string& text) {
  const auto begin = text.find_first_not_of(" \n");
  return begin == text.npos ? "" : text.substr(begin, text.find_last_not_of(" \n") - begin + 1);
}

}  // namespace

PluginCheck check_plugin(const fs::path& path, std::chrono::seconds time_limit) {
  PluginCheck check;
  check.title = path.string();
  Subject subject;
  try {
    subject = find_subject(path);
    PluginLibrary unloaded;
    unloaded.tag = read_abi_tag(subject.library);
    check.title = unloaded.title();
  } catch (const std::exception& error) {
    check.problem = error.what();
    return check;
  }
  const ChildResult child = run_in_child([&] { return try_plugin(subject); }, time_limit);
  if (child.finished) {
    read_answer(child.returned, check);
  } else {
    const std::string messages = trimmed(child.messages);
    check.problem = cat("loading and registering it in a process of its own: the process ",
                        child.death, messages.empty() ? "" : "\n", messages);
  }
  return check;
}

std::string to_text(const PluginCheck& check) {
  if (!check.ok) return cat(check.title, ": FAILED\n", check.problem, "\n");
  return cat(check.title, ": ok, brings ", join(check.components), "\n");
}

}  // namespace kd::core
