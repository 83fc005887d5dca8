#include "byte_alphabet.h"

#include <array>
#include <cstdint>
#include <unordered_map>

#include "unicode.h"

namespace kd::tokenizers {
namespace {

constexpr bool stands_for_itself(uint32_t byte) {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

std::array<uint32_t, 256> make_table() {
  std::array<uint32_t, 256> table{};
  uint32_t next = 0x100;
  for (uint32_t byte = 0; byte < 256; ++byte) {
    table[byte] = stands_for_itself(byte) ? byte : next++;
  }
  return table;
}

const std::array<uint32_t, 256>& table_of_bytes() {
  static const std::array<uint32_t, 256> table = make_table();
  return table;
}

const std::unordered_map<uint32_t, char>& table_of_characters() {
  static const std::unordered_map<uint32_t, char> table = [] {
    std::unordered_map<uint32_t, char> out;
    for (size_t byte = 0; byte < 256; ++byte) {
      out.emplace(table_of_bytes()[byte], static_cast<char>(byte));
    }
    return out;
  }();
  return table;
}

}  // namespace

std::string bytes_to_printable(std::string_view bytes) {
  std::string out;
  for (const char byte : bytes) out += to_utf8(table_of_bytes()[static_cast<unsigned char>(byte)]);
  return out;
}

std::optional<std::string> printable_to_bytes(std::string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    const CodePoint point = code_point_at(text, at);
    const auto it = table_of_characters().find(point.value);
    if (!point.valid || it == table_of_characters().end()) return std::nullopt;
    out.push_back(it->second);
    at += point.size;
  }
  return out;
}

}  // namespace kd::tokenizers
