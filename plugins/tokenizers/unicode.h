// UTF-8 and the few Unicode properties that tokenizers ask for.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kd::tokenizers {

struct CodePoint {
  uint32_t value = 0;
  size_t size = 1;  // bytes; 1 for a byte that starts no valid sequence
  bool valid = false;
};

// The code point at `at` (< text.size()). Overlong forms and surrogates are invalid.
CodePoint code_point_at(std::string_view text, size_t at);

bool is_letter(uint32_t code_point);  // \p{L}
bool is_number(uint32_t code_point);  // \p{N}
bool is_space(uint32_t code_point);   // \s: White_Space

std::string to_utf8(uint32_t code_point);

// Each maximal invalid part becomes U+FFFD, as in the Unicode standard (and Rust's lossy decoding).
std::string lossy_utf8(std::string_view bytes);

// Normalisation form C. Text that is not valid UTF-8 is kd::Error(kData).
std::string nfc(std::string_view text);

}  // namespace kd::tokenizers
