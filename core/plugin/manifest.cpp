#include "core/plugin/manifest.h"

#include <toml++/toml.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace kd::core {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void refuse(const fs::path& file, size_t line, const std::string& message,
                         const std::string& hint = {}) {
  throw Error(ErrorCode::kPlugin, message, hint, cat(file.string(), ":", line));
}

// One table of the file, with checked access to its strings.
class Table {
 public:
  Table(const toml::table& table, const fs::path& file) : table_(table), file_(file) {}

  // Without a fallback the key is required.
  std::string text(const char* key, const char* fallback = nullptr) const {
    const toml::node* node = table_.get(key);
    if (!node) {
      if (fallback) return fallback;
      refuse(file_, line(), cat("missing key '", key, "'"), cat(key, " = \"…\""));
    }
    const auto value = node->value_exact<std::string>();
    if (!value || value->empty()) {
      refuse(file_, node->source().begin.line, cat("'", key, "' must be a text that is not empty"));
    }
    return *value;
  }

  void allow_only(const std::vector<std::string>& known) const {
    for (const auto& [key, node] : table_) {
      if (std::find(known.begin(), known.end(), key.str()) != known.end()) continue;
      refuse(file_, key.source().begin.line, cat("unknown key '", key.str(), "'"),
             did_you_mean(key.str(), known));
    }
  }

  size_t line() const { return table_.source().begin.line; }

 private:
  const toml::table& table_;
  const fs::path& file_;
};

AnnouncedComponent read_component(const toml::node& node, const fs::path& file) {
  const toml::table* entry = node.as_table();
  if (!entry) refuse(file, node.source().begin.line, "'provides' must be tables: [[provides]]");
  const Table table(*entry, file);
  table.allow_only({"kind", "name", "summary"});
  return {table.text("kind"), table.text("name"), table.text("summary")};
}

std::vector<AnnouncedComponent> read_provides(const toml::table& root, const fs::path& file) {
  const toml::node* node = root.get("provides");
  const toml::array* entries = node ? node->as_array() : nullptr;
  if (!entries || entries->empty()) {
    refuse(file, node ? node->source().begin.line : root.source().begin.line,
           "there is no [[provides]]", "announce every component: kind, name and summary");
  }
  std::vector<AnnouncedComponent> out;
  for (const auto& entry : *entries) {
    AnnouncedComponent component = read_component(entry, file);
    for (const auto& known : out) {
      if (known.kind != component.kind || known.name != component.name) continue;
      refuse(file, entry.source().begin.line,
             cat("component ", known.kind, ".", known.name, " is announced twice"));
    }
    out.push_back(std::move(component));
  }
  return out;
}

toml::table parse(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(ErrorCode::kPlugin, "cannot be read", {}, file.string());
  try {
    return toml::parse(in, file.string());
  } catch (const toml::parse_error& error) {
    refuse(file, error.source().begin.line, std::string(error.description()));
  }
}

std::vector<fs::path> manifest_files(const std::vector<fs::path>& search_path) {
  std::set<fs::path> files;
  for (const auto& folder : search_path) {
    std::error_code missing;
    for (const auto& entry : fs::directory_iterator(folder, missing)) {
      const fs::path file = entry.path() / "plugin.toml";
      if (fs::is_regular_file(file, missing)) files.insert(fs::canonical(file));
    }
  }
  return {files.begin(), files.end()};
}

void reject_equal_names(ManifestScan& scan) {
  for (size_t i = 1; i < scan.manifests.size(); ++i) {
    const auto& a = scan.manifests[i - 1];
    const auto& b = scan.manifests[i];
    if (a.name != b.name) continue;
    scan.errors.emplace_back(ErrorCode::kPlugin,
                             cat("two plugins are named '", a.name, "': ", a.folder.string(),
                                 " and ", b.folder.string()),
                             "remove one, or take its folder out of KD_PLUGIN_PATH");
  }
}

}  // namespace

PluginManifest read_manifest(const fs::path& file) {
  const toml::table root = parse(file);
  const Table table(root, file);
  table.allow_only({"name", "version", "summary", "paper", "library", "provides"});
  PluginManifest out;
  out.name = table.text("name");
  out.version = table.text("version");
  out.summary = table.text("summary");
  out.paper = table.text("paper", "");
  out.folder = file.parent_path();
  const std::string library = table.text("library", "");
  if (library.find('/') != std::string::npos) {
    refuse(file, root.get("library")->source().begin.line,
           "'library' must be the name of a file beside plugin.toml");
  }
  out.library = out.folder / (library.empty() ? cat("libkd_", out.name, ".so") : library);
  out.provides = read_provides(root, file);
  return out;
}

ManifestScan scan_manifests(const std::vector<fs::path>& search_path) {
  ManifestScan scan;
  for (const auto& file : manifest_files(search_path)) {
    try {
      scan.manifests.push_back(read_manifest(file));
    } catch (const Error& error) {
      scan.errors.push_back(error);
    }
  }
  std::stable_sort(scan.manifests.begin(), scan.manifests.end(),
                   [](const auto& a, const auto& b) { return a.name < b.name; });
  reject_equal_names(scan);
  return scan;
}

}  // namespace kd::core
