// Does a plugin bring what its plugin.toml announces?
#pragma once

#include <vector>

#include "core/plugin/plugin_library.h"
#include "core/plugin/registry.h"

namespace kd::core {

// Throws kd::Error(kPlugin) with every difference in name, version and components. [any]
void require_as_announced(const PluginManifest& manifest, const PluginLibrary& library,
                          const std::vector<RegisteredComponent>& components);

}  // namespace kd::core
