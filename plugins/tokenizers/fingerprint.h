// A hash that says whether two tokenizers are the same.
#pragma once

#include <string>
#include <string_view>

namespace kd::tokenizers {

// SHA-256 in hexadecimal.
std::string sha256_hex(std::string_view text);

}  // namespace kd::tokenizers
