// How files write byte strings: each of the 256 bytes has one printable character (GPT-2's table).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kd::tokenizers {

// Printable Latin-1 stands for itself, the others for U+0100 and on: space is "Ġ".
std::string bytes_to_printable(std::string_view bytes);
// The way back; nothing when some character stands for no byte.
std::optional<std::string> printable_to_bytes(std::string_view text);

}  // namespace kd::tokenizers
