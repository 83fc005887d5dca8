// Numbers as text: the shortest form that reads back as the same double.
#pragma once

#include <charconv>
#include <string>
#include <string_view>

namespace kd::detail {

inline std::string shortest(double value) {
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof buffer, value).ptr;
  return std::string(buffer, end);
}

// As above, and recognisable as a number with a fraction: 2.0, not 2.
inline std::string shortest_fraction(double value) {
  std::string text = shortest(value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

}  // namespace kd::detail
