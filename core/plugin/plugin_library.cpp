#include "core/plugin/plugin_library.h"

#include <sys/stat.h>

#include <boost/dll/shared_library.hpp>
#include <cerrno>
#include <cstring>
#include <deque>
#include <map>

#include "core/plugin/guard.h"
#include "kd/error.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

constexpr const char* kEntryPoint = "kd_plugin_register";

[[noreturn]] void refuse(const fs::path& library, const std::string& message,
                         const std::string& hint = {}) {
  throw Error(ErrorCode::kPlugin, message, hint, library.string());
}

struct stat status_of(const fs::path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) {
    refuse(path, cat("cannot open the plugin: ", std::strerror(errno)));
  }
  return status;
}

// Who may write a plugin may do everything that its user may do.
void refuse_world_writable(const fs::path& library) {
  for (const fs::path& path : {library, library.parent_path()}) {
    if ((status_of(path).st_mode & S_IWOTH) == 0) continue;
    refuse(library, cat("everybody on this machine may write ", path.string()),
           cat("chmod o-w ", path.string()));
  }
}

// The loader's own words, which Boost wraps in its own.
std::string loader_message(const std::string& text) {
  static constexpr std::string_view kBefore = "(dlerror system message: ";
  const auto begin = text.find(kBefore);
  const auto end = text.rfind("):");
  if (begin == std::string::npos || end == std::string::npos || end < begin) return text;
  return text.substr(begin + kBefore.size(), end - begin - kBefore.size());
}

// Handles are leaked at once: destroying one would unload its library, even where loading goes on
// to fail.
boost::dll::shared_library& open_library(const fs::path& path, const std::string& title) {
  static auto* const handles = new std::deque<boost::dll::shared_library>();
  const std::string place = cat("loading ", title, " from ", path.string());
  const Breadcrumb breadcrumb(place);
  try {
    return handles->emplace_back(path, boost::dll::load_mode::rtld_now);
  } catch (const boost::dll::fs::system_error& error) {
    refuse(path, cat("cannot load ", title, ": ", loader_message(error.what())));
  }
}

// What is loaded, by device and inode.
using LoadedLibraries = std::map<std::pair<dev_t, ino_t>, PluginLibrary>;

LoadedLibraries& loaded_libraries() {
  static LoadedLibraries* const libraries = new LoadedLibraries();
  return *libraries;
}

PluginLibrary load(const fs::path& path) {
  refuse_world_writable(path);
  PluginLibrary library;
  library.path = path;
  library.tag = read_abi_tag(path);
  require_same_abi(library.tag, host_abi_tag(), path);
  const std::string title = library.title();
  const auto& handle = open_library(path, title);
  if (!handle.has(kEntryPoint)) {
    refuse(path, cat(title, " has no function ", kEntryPoint),
           "KD_PLUGIN(name, version, function) makes it");
  }
  library.register_components = &handle.get<int(Registrar&)>(kEntryPoint);
  return library;
}

class Collector : public Registrar {
 public:
  void add_component(ComponentInfo info, Factory factory) override {
    for (const auto& known : components_) {
      if (known.info.kind == info.kind && known.info.name == info.name) {
        throw Error(ErrorCode::kPlugin,
                    cat("component ", info.kind, ".", info.name, " is registered twice"));
      }
    }
    components_.push_back({std::move(info), std::move(factory)});
  }

  std::vector<RegisteredComponent> take() { return std::move(components_); }

 private:
  std::vector<RegisteredComponent> components_;
};

}  // namespace

std::string PluginLibrary::title() const {
  const auto field = [&](const char* key) {
    const auto it = tag.find(key);
    return it == tag.end() ? std::string("?") : it->second;
  };
  return cat("plugin ", field("name"), " ", field("version"));
}

const PluginLibrary& load_plugin_library(const fs::path& path) {
  std::error_code failed;
  const fs::path canonical = fs::canonical(path, failed);
  if (failed) refuse(path, cat("cannot open the plugin: ", failed.message()));
  const struct stat status = status_of(canonical);
  const auto key = std::make_pair(status.st_dev, status.st_ino);
  auto it = loaded_libraries().find(key);
  if (it == loaded_libraries().end()) {
    it = loaded_libraries().emplace(key, load(canonical)).first;
  }
  return it->second;
}

std::vector<RegisteredComponent> registered_components(const PluginLibrary& library) {
  const std::string place = cat("registration of ", library.title());
  const Breadcrumb breadcrumb(place);
  Collector collector;
  if (library.register_components(collector) != 0) {
    throw Error(ErrorCode::kPlugin, take_registration_error(), {},
                cat(library.path.string(), ": ", place));
  }
  return collector.take();
}

}  // namespace kd::core
