// What `kdrun plugins` prints: as text for people and as data for tools.
#pragma once

#include <string>

#include "core/plugin/manifest.h"
#include "core/plugin/registry.h"
#include "kd/value.h"

namespace kd::core {

// `plugins ls`: every plugin and what it provides, from plugin.toml alone. Files that cannot be
// read are listed with what is wrong.
std::string plugins_text(const ManifestScan& scan);
Value plugins_value(const ManifestScan& scan);

// One component with its parameters: types, ranges, defaults, help.
std::string component_text(const ComponentInfo& info, const PluginManifest* owner);
Value component_value(const ComponentInfo& info, const PluginManifest* owner);

// `plugins show NAME`: NAME is a plugin, "kind.name", or a component's name where that is unique.
// Loads the plugin. Throws kd::Error(kUsage) with suggestions for an unknown name. [main]
std::string show_text(Registry& registry, const std::string& name);
Value show_value(Registry& registry, const std::string& name);

// `plugins schema`: every component, by kind and name. Loads all plugins. [main]
Value schema_value(Registry& registry);

}  // namespace kd::core
