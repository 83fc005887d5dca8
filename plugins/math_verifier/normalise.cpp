#include "normalise.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace kd::math {
namespace {

using std::string_view;

constexpr auto npos = string_view::npos;

// Longer forms stand before their beginnings.
constexpr auto kReplacements = std::to_array<std::pair<string_view, string_view>>({
    {"\\left", ""},
    {"\\right", ""},
    {"\\dfrac", "\\frac"},
    {"\\tfrac", "\\frac"},
    {"\\cfrac", "\\frac"},
    {"\\!", ""},
    {"\\,", " "},
    {"\\;", " "},
    {"\\:", " "},
    {"\\ ", " "},
    {"\\quad", " "},
    {"\\displaystyle", ""},
    {"^{\\circ}", ""},
    {"^\\circ", ""},
    {"\\circ", ""},
    {"\\degree", ""},
    {"\u00B0", ""},
    {"\\$", ""},
    {"\\(", ""},
    {"\\)", ""},
    {"\\[", ""},
    {"\\]", ""},
    {"$", ""},
    {"\u2212", "-"},
    {"\u2013", "-"},
    {"~", " "},
    {"\u00A0", " "},
    {"\\lbrace", "\\{"},
    {"\\rbrace", "\\}"},
    {"**", ""},
});

constexpr std::array<string_view, 5> kTextCommands = {"\\text{", "\\mathrm{", "\\textbf{",
                                                      "\\mathbf{", "\\mbox{"};

constexpr auto kUnits = std::to_array<string_view>({
    "cm",     "mm",     "km",      "m",       "meter",  "meters",  "metres",  "inch",   "inches",
    "in",     "ft",     "feet",    "foot",    "yard",   "yards",   "mile",    "miles",  "mph",
    "kg",     "g",      "gram",    "grams",   "lb",     "lbs",     "pounds",  "ounces", "liters",
    "litres", "ml",     "second",  "seconds", "s",      "minute",  "minutes", "min",    "hour",
    "hours",  "hr",     "day",     "days",    "week",   "weeks",   "month",   "months", "year",
    "years",  "dollar", "dollars", "cents",   "degree", "degrees", "unit",    "units",  "square",
    "cubic",  "people", "percent", "points",
});

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool is_space(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string replaced(string_view text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (text.substr(at, 2) == "\\\\") {  // ends a row of a matrix
      out += "\\\\";
      at += 2;
      continue;
    }
    const auto fits = [&](const auto& pair) {
      if (text.substr(at, pair.first.size()) != pair.first) return false;
      // \left is a command of its own, \leftarrow another.
      const size_t end = at + pair.first.size();
      const bool is_word = pair.first[0] == '\\' && is_letter(pair.first.back());
      return !is_word || end >= text.size() || !is_letter(text[end]) || pair.first == "\\dfrac" ||
             pair.first == "\\tfrac" || pair.first == "\\cfrac";
    };
    const auto* found = std::find_if(kReplacements.begin(), kReplacements.end(), fits);
    if (found == kReplacements.end()) {
      out.push_back(text[at++]);
    } else {
      out += found->second;
      at += found->first.size();
    }
  }
  return out;
}

// \text{cm} becomes cm.
std::string unwrapped(std::string text) {
  for (const string_view command : kTextCommands) {
    for (size_t at = text.find(command); at != npos; at = text.find(command, at)) {
      const size_t close = text.find('}', at);
      if (close == npos) break;
      const std::string inner = text.substr(at + command.size(), close - at - command.size());
      const bool raised = close + 1 < text.size() && text[close + 1] == '^';  // cm^2
      text.replace(at, close - at + 1, " " + inner + (raised ? "" : " "));
    }
  }
  return text;
}

std::string single_spaces(string_view text) {
  std::string out;
  for (const char c : text) {
    if (!is_space(c))
      out.push_back(c);
    else if (!out.empty() && out.back() != ' ')
      out.push_back(' ');
  }
  if (!out.empty() && out.back() == ' ') out.pop_back();
  return out;
}

std::string without_quotes(std::string text) {
  while (text.size() >= 2 && text.front() == text.back() &&
         (text.front() == '"' || text.front() == '\'' || text.front() == '`')) {
    text = single_spaces(string_view(text).substr(1, text.size() - 2));
  }
  return text;
}

std::string without_full_stop(std::string text) {
  while (!text.empty() && (text.back() == '.' || text.back() == ';')) {
    text.pop_back();
    while (!text.empty() && text.back() == ' ') text.pop_back();
  }
  return text;
}

bool is_unit(string_view word) {
  const size_t power = word.find('^');  // cm^2, cm^{2}
  const auto name = word.substr(0, power);
  return std::find(kUnits.begin(), kUnits.end(), name) != kUnits.end();
}

bool ends_a_number(string_view text) {
  if (text.empty()) return false;
  const char c = text.back();
  return (c >= '0' && c <= '9') || c == '}' || c == ')';
}

// "12 cm", "12cm", "12 square meters"; "percent" stays as its sign.
std::string without_units(std::string text) {
  for (;;) {
    size_t begin = text.size();
    while (begin > 0 && (is_letter(text[begin - 1]) || text[begin - 1] == '^')) --begin;
    const size_t power = text.rfind('^');
    if (power != npos && begin == text.size() && power > 0 && is_letter(text[power - 1])) {
      begin = power;
      while (begin > 0 && is_letter(text[begin - 1])) --begin;
    }
    const string_view word = string_view(text).substr(begin);
    const bool command = begin > 0 && text[begin - 1] == '\\';
    if (word.empty() || command || !is_unit(word)) return text;
    string_view rest = string_view(text).substr(0, begin);
    while (!rest.empty() && rest.back() == ' ') rest.remove_suffix(1);
    const size_t last_word = rest.find_last_of(' ');
    const bool after_unit = last_word != npos && is_unit(rest.substr(last_word + 1));
    if (!ends_a_number(rest) && !after_unit) return text;
    text = std::string(rest) + (word == "percent" ? "%" : "");
    if (word == "percent") return text;
  }
}

}  // namespace

std::string normalise(std::string_view text) {
  std::string out = single_spaces(unwrapped(replaced(text)));
  out = without_quotes(without_full_stop(std::move(out)));
  return without_units(without_full_stop(std::move(out)));
}

bool braces_match(std::string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '{')
      ++depth;
    else if (text[i] == '}' && --depth < 0)
      return false;
  }
  return depth == 0;
}

}  // namespace kd::math
