#include "unicode.h"

#include <utf8proc.h>

#include <cstdlib>
#include <memory>

#include "kd/error.h"

namespace kd::tokenizers {
namespace {

// What a lead byte promises: sequence length and the range of the second byte, which is narrower
// where overlong forms, surrogates and values beyond U+10FFFF would fit.
struct Lead {
  size_t size = 0;
  unsigned char low = 0x80;
  unsigned char high = 0xBF;
};

Lead lead_of(unsigned char byte) {
  if (byte >= 0xC2 && byte <= 0xDF) return {2};
  if (byte == 0xE0) return {3, 0xA0};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte >= 0xE1 && byte <= 0xEF) return {3};
  if (byte == 0xF0) return {4, 0x90};
  if (byte >= 0xF1 && byte <= 0xF3) return {4};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {};
}

unsigned char byte_at(std::string_view text, size_t at) {
  return static_cast<unsigned char>(text[at]);
}

// Bytes from `at` that begin a valid sequence; all of it when that equals the lead's size.
size_t valid_prefix(std::string_view text, size_t at, const Lead& lead) {
  size_t n = 1;
  while (n < lead.size && at + n < text.size()) {
    const unsigned char byte = byte_at(text, at + n);
    const unsigned char low = n == 1 ? lead.low : 0x80;
    const unsigned char high = n == 1 ? lead.high : 0xBF;
    if (byte < low || byte > high) break;
    ++n;
  }
  return n;
}

utf8proc_category_t category(uint32_t code_point) {
  return utf8proc_category(static_cast<utf8proc_int32_t>(code_point));
}

}  // namespace

CodePoint code_point_at(std::string_view text, size_t at) {
  const unsigned char first = byte_at(text, at);
  if (first < 0x80) return {first, 1, true};
  const Lead lead = lead_of(first);
  if (lead.size == 0 || valid_prefix(text, at, lead) < lead.size) return {first, 1, false};
  uint32_t value = first & (0x7FU >> lead.size);
  for (size_t i = 1; i < lead.size; ++i) value = (value << 6U) | (byte_at(text, at + i) & 0x3FU);
  return {value, lead.size, true};
}

bool is_letter(uint32_t code_point) {
  if (code_point < 0x80) return (code_point | 0x20U) >= 'a' && (code_point | 0x20U) <= 'z';
  const auto c = category(code_point);
  return c >= UTF8PROC_CATEGORY_LU && c <= UTF8PROC_CATEGORY_LO;
}

bool is_number(uint32_t code_point) {
  if (code_point < 0x80) return code_point >= '0' && code_point <= '9';
  const auto c = category(code_point);
  return c >= UTF8PROC_CATEGORY_ND && c <= UTF8PROC_CATEGORY_NO;
}

bool is_space(uint32_t c) {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F ||
         c == 0x3000;
}

std::string to_utf8(uint32_t code_point) {
  utf8proc_uint8_t bytes[4];
  const auto n = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code_point), bytes);
  return std::string(bytes, bytes + n);
}

std::string lossy_utf8(std::string_view bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size();) {
    const CodePoint point = code_point_at(bytes, at);
    if (point.valid) {
      out.append(bytes.substr(at, point.size));
      at += point.size;
      continue;
    }
    out += "\xEF\xBF\xBD";
    const Lead lead = lead_of(byte_at(bytes, at));
    at += lead.size == 0 ? 1 : valid_prefix(bytes, at, lead);
  }
  return out;
}

std::string nfc(std::string_view text) {
  utf8proc_uint8_t* made = nullptr;
  const auto* in = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto options = static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  const auto size = utf8proc_map(in, static_cast<utf8proc_ssize_t>(text.size()), &made, options);
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(made, &std::free);
  if (size < 0) {
    throw Error(ErrorCode::kData, cat("text cannot be normalised: ", utf8proc_errmsg(size)),
                "texts are UTF-8");
  }
  return std::string(made, made + size);
}

}  // namespace kd::tokenizers
