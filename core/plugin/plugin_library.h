// Loads plugins' libraries: after all checks, once each, and for good.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin/abi_tag.h"
#include "kd/plugin.h"

namespace kd::core {

// A library that is mapped into this process. It never goes away: LibTorch keeps pointers into it.
struct PluginLibrary {
  std::filesystem::path path;  // canonical
  AbiTag tag;
  int (*register_components)(Registrar&) = nullptr;

  // "plugin redi 0.1.0", for messages.
  std::string title() const;
};

// Checks permissions and the ABI tag, which runs none of the library's code, then loads it. The
// same file under another name is the same library. Throws kd::Error(kPlugin). [main]
const PluginLibrary& load_plugin_library(const std::filesystem::path& path);

struct RegisteredComponent {
  ComponentInfo info;
  Factory factory;
};

// What the library brings, in the order in which it registers. Throws kd::Error(kPlugin) when it
// throws, or registers a name twice. [main]
std::vector<RegisteredComponent> registered_components(const PluginLibrary& library);

}  // namespace kd::core
