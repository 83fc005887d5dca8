// plugin.toml: what a plugin says of itself, known without loading it.
#pragma once

#include <filesystem>
#include <vector>

#include "core/plugin/registry.h"
#include "kd/error.h"

namespace kd::core {

// Reads one plugin.toml. Throws kd::Error(kPlugin) with file:line.
PluginManifest read_manifest(const std::filesystem::path& file);

struct ManifestScan {
  std::vector<PluginManifest> manifests;  // by name
  std::vector<Error> errors;              // of those that cannot be read
};

// All plugin.toml one folder below those of the search path. A folder that is reached twice counts
// once; two plugins of one name are an error.
ManifestScan scan_manifests(const std::vector<std::filesystem::path>& search_path);

}  // namespace kd::core
