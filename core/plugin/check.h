// Tries a plugin in a child process, so that a plugin that ends its process is a line in a report.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace kd::core {

struct PluginCheck {
  bool ok = false;
  std::string title;                    // "plugin redi 0.1.0", or the file while that is unknown
  std::vector<std::string> components;  // "objective.redi"
  std::string problem;                  // empty when ok
};

// Checks the ABI tag, loads the library, registers its components and compares them with
// plugin.toml, if there is one beside it. `path` is the library, its folder or its plugin.toml.
// Throws kd::Error only when no child can be started. [main]
PluginCheck check_plugin(const std::filesystem::path& path,
                         std::chrono::seconds time_limit = std::chrono::seconds(60));

// The same as text for people, ending in a newline.
std::string to_text(const PluginCheck& check);

}  // namespace kd::core
