#include "presplit.h"

#include <algorithm>
#include <array>

#include "unicode.h"

namespace kd::tokenizers {
namespace {

enum class Class { kLetter, kNumber, kSpace, kOther, kEnd };

constexpr std::string_view kTail = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
constexpr std::string_view kHead = "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|";

bool is_line_end(char c) { return c == '\r' || c == '\n'; }

// Finds the end of the piece that starts at a place. Alternatives are tried in the order of the
// regular expression, each as greedy as it is there.
class Scanner {
 public:
  Scanner(Presplit rule, std::string_view text) : rule_(rule), text_(text) {}

  size_t piece_end(size_t at) const {
    if (const size_t n = contraction(at); n > 0) return at + n;
    return rule_ == Presplit::kGpt2 ? gpt2_end(at) : modern_end(at);
  }

 private:
  Class class_at(size_t at) const {
    if (at >= text_.size()) return Class::kEnd;
    const CodePoint point = code_point_at(text_, at);
    if (!point.valid) return Class::kOther;
    if (is_letter(point.value)) return Class::kLetter;
    if (is_number(point.value)) return Class::kNumber;
    return is_space(point.value) ? Class::kSpace : Class::kOther;
  }

  size_t next(size_t at) const { return at + code_point_at(text_, at).size; }

  // The end of the run of `kind` from `at`, of at most `limit` characters.
  size_t run_end(size_t at, Class kind, size_t limit = std::string_view::npos) const {
    for (size_t n = 0; n < limit && class_at(at) == kind; ++n) at = next(at);
    return at;
  }

  // 's 't 're 've 'm 'll 'd: its length in bytes, or 0.
  size_t contraction(size_t at) const {
    if (text_[at] != '\'') return 0;
    static constexpr std::array<std::string_view, 7> kEndings = {"s", "t",  "re", "ve",
                                                                 "m", "ll", "d"};
    for (const auto ending : kEndings) {
      if (same_letters(text_.substr(at + 1, ending.size()), ending)) return 1 + ending.size();
    }
    const bool long_s = rule_ != Presplit::kGpt2 && text_.substr(at + 1, 2) == "\u017F";
    return long_s ? 3 : 0;  // folds to s
  }

  bool same_letters(std::string_view a, std::string_view lower) const {
    const bool fold = rule_ != Presplit::kGpt2;
    return std::equal(a.begin(), a.end(), lower.begin(), lower.end(), [&](char x, char y) {
      return x == y || (fold && x >= 'A' && x <= 'Z' && static_cast<char>(x + ('a' - 'A')) == y);
    });
  }

  // " ?" before a run of other things.
  size_t after_space(size_t at) const { return text_[at] == ' ' ? at + 1 : at; }

  size_t gpt2_end(size_t at) const {
    const size_t start = after_space(at);
    const Class kind = class_at(start);
    if (kind == Class::kSpace || kind == Class::kEnd) return space_end(at);
    return run_end(start, kind);
  }

  size_t modern_end(size_t at) const {
    const Class kind = class_at(at);
    if (kind == Class::kLetter) return run_end(at, kind);
    if (kind != Class::kNumber && !is_line_end(text_[at]) && class_at(next(at)) == Class::kLetter) {
      return run_end(next(at), Class::kLetter);
    }
    if (kind == Class::kNumber) return run_end(at, kind, rule_ == Presplit::kLlama3 ? 3 : 1);
    if (const size_t start = after_space(at); class_at(start) == Class::kOther) {
      size_t end = run_end(start, Class::kOther);
      while (end < text_.size() && is_line_end(text_[end])) ++end;
      return end;
    }
    return line_end(at);
  }

  // \s*[\r\n]+ : through the last line end of a run of white space.
  size_t line_end(size_t at) const {
    const size_t end = run_end(at, Class::kSpace);
    for (size_t i = end; i > at; --i) {
      if (is_line_end(text_[i - 1])) return i;
    }
    return space_end(at);
  }

  // \s+(?!\S)|\s+ : all white space but the last character, which goes with what follows.
  size_t space_end(size_t at) const {
    size_t last = at;
    size_t end = at;
    while (class_at(end) == Class::kSpace) {
      last = end;
      end = next(end);
    }
    return end == text_.size() || last == at ? end : last;
  }

  Presplit rule_;
  std::string_view text_;
};

}  // namespace

std::vector<std::string_view> presplit(Presplit rule, std::string_view text) {
  std::vector<std::string_view> pieces;
  if (rule == Presplit::kNone) {
    if (!text.empty()) pieces.push_back(text);
    return pieces;
  }
  const Scanner scanner(rule, text);
  for (size_t at = 0; at < text.size();) {
    const size_t end = scanner.piece_end(at);
    pieces.push_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

std::string presplit_pattern(Presplit rule) {
  const std::string_view number = rule == Presplit::kLlama3 ? "\\p{N}{1,3}" : "\\p{N}";
  return std::string(kHead).append(number).append(kTail);
}

std::optional<Presplit> presplit_of_pattern(std::string_view pattern) {
  for (const Presplit rule : {Presplit::kLlama3, Presplit::kQwen2}) {
    if (presplit_pattern(rule) == pattern) return rule;
  }
  return std::nullopt;
}

}  // namespace kd::tokenizers
