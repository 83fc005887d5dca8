#include "extract.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "answer.h"

namespace kd::math {
namespace {

constexpr auto npos = std::string_view::npos;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

std::string_view trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string_view after_thinking(std::string_view text) {
  constexpr std::string_view kEnd = "</think>";
  const size_t at = text.rfind(kEnd);
  return at == npos ? text : text.substr(at + kEnd.size());
}

// The place after the brace that closes the one before `at`; \{ and \} are no braces.
size_t closing_brace(std::string_view text, size_t at) {
  int depth = 1;
  for (; at < text.size(); ++at) {
    if (text[at] == '\\')
      ++at;
    else if (text[at] == '{')
      ++depth;
    else if (text[at] == '}' && --depth == 0)
      return at;
  }
  return npos;
}

struct Anchor {
  std::string_view text;
  bool takes_colon;  // "answer is", "answer is:"
};
constexpr std::array kAnchors = {Anchor{"answer is", true}, Anchor{"answer:", false},
                                 Anchor{"answer :", false}, Anchor{"####", false}};

// Up to the end of the line, or of the sentence: a full stop before a space or the end.
std::string_view first_sentence(std::string_view text) {
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') return text.substr(0, i);
    const bool ends =
        text[i] == '.' && (i + 1 == text.size() || text[i + 1] == ' ' || text[i + 1] == '\n');
    if (ends) return text.substr(0, i);
  }
  return text;
}

// "$x = 5$ because": the formula alone.
std::string_view first_formula(std::string_view text) {
  for (const std::string_view mark : {"$$", "$", "\\("}) {
    if (text.substr(0, mark.size()) != mark) continue;
    const std::string_view close = mark == "\\(" ? "\\)" : mark;
    const size_t end = text.find(close, mark.size());
    if (end != npos && end > mark.size()) return text.substr(mark.size(), end - mark.size());
  }
  return text;
}

std::optional<std::string> anchored(std::string_view text) {
  const std::string low = lower(text);
  size_t begin = npos;
  for (const Anchor& anchor : kAnchors) {
    const size_t at = low.rfind(anchor.text);
    if (at == npos) continue;
    size_t end = at + anchor.text.size();
    if (anchor.takes_colon && end < text.size() && text[end] == ':') ++end;
    if (begin == npos || end > begin) begin = end;
  }
  if (begin == npos) return std::nullopt;
  auto rest = trim(text.substr(begin));
  while (!rest.empty() && rest.front() == '*') rest = trim(rest.substr(1));  // **Answer:** 5
  rest = trim(first_formula(trim(first_sentence(rest))));
  while (!rest.empty() && rest.back() == '*') rest = trim(rest.substr(0, rest.size() - 1));
  if (rest.empty()) return std::nullopt;
  return std::string(rest);
}

std::optional<std::string> after_last_equals(std::string_view text) {
  const size_t at = text.rfind('=');
  if (at == npos) return std::nullopt;
  const auto rest = trim(text.substr(at + 1));
  const Answer answer = parse_answer(rest);
  if (answer.kind != Answer::Kind::kNumber) return std::nullopt;
  return std::string(rest);
}

std::optional<std::string> bare_value(std::string_view text) {
  const auto whole = trim(text);
  if (whole.empty() || whole.find('\n') != npos) return std::nullopt;
  const Answer answer = parse_answer(whole);
  if (answer.kind == Answer::Kind::kText || answer.kind == Answer::Kind::kNone) return std::nullopt;
  return std::string(whole);
}

// Digits with thousands separators, a fraction or a decimal part, and the sign before them.
std::optional<std::string> last_number(std::string_view text) {
  size_t end = text.size();
  while (end > 0 && !is_digit(text[end - 1])) --end;
  if (end == 0) return std::nullopt;
  size_t begin = end;
  const auto joins = [&](size_t i) {
    const bool mark = text[i] == '.' || text[i] == ',' || text[i] == '/';
    return mark && i > 0 && is_digit(text[i - 1]);
  };
  while (begin > 0 && (is_digit(text[begin - 1]) || joins(begin - 1))) --begin;
  const bool has_sign = begin > 0 && text[begin - 1] == '-' &&
                        (begin == 1 || !std::isalnum(static_cast<unsigned char>(text[begin - 2])));
  if (has_sign) --begin;
  if (end < text.size() && text[end] == '%') ++end;
  return std::string(text.substr(begin, end - begin));
}

}  // namespace

std::optional<std::string> last_boxed(std::string_view text, bool& unclosed) {
  unclosed = false;
  size_t at = npos;
  size_t begin = 0;
  for (const std::string_view name : {"\\boxed{", "\\fbox{"}) {
    const size_t found = text.rfind(name);
    if (found == npos || (at != npos && found < at)) continue;
    at = found;
    begin = found + name.size();
  }
  if (at == npos) return std::nullopt;
  const size_t end = closing_brace(text, begin);
  unclosed = end == npos;
  if (unclosed) return std::nullopt;
  return std::string(trim(text.substr(begin, end - begin)));
}

std::optional<std::string> extract_answer(std::string_view text, bool lenient) {
  text = after_thinking(text);
  bool unclosed = false;
  if (auto found = last_boxed(text, unclosed)) {
    return found->empty() ? std::nullopt : found;
  }
  if (unclosed) return std::nullopt;
  if (auto found = anchored(text)) return found;
  if (auto found = after_last_equals(text)) return found;
  if (auto found = bare_value(text)) return found;
  return lenient ? last_number(text) : std::nullopt;
}

}  // namespace kd::math
