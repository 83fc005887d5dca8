// SHA-256, and the canonical text of recipe values that stage keys are hashes of.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "core/recipe/handles.h"
#include "kd/value.h"

namespace kd::core {

// 64 hexadecimal digits.
std::string sha256_hex(std::string_view bytes);
// Of a file's contents. kd::Error(kData) when it cannot be read.
std::string sha256_file(const std::filesystem::path& file);

// What a value depends on, as plain data: components by kind, name and parameters, stage results by
// the key of their stage, functions by their fingerprint. Places in the recipe do not count.
struct KeySources {
  std::function<std::string(const std::string& stage)> stage_key;
  // What pins the code behind a component: its plugin's build.
  std::function<std::string(const std::string& kind, const std::string& name)> component_build;
};
Value describe_for_key(const Value& value, const KeySources& sources);

}  // namespace kd::core
