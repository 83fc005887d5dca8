#include "answer.h"

#include <algorithm>
#include <cctype>
#include <optional>

#include "normalise.h"

namespace kd::math {
namespace {

using std::string_view;

constexpr auto npos = string_view::npos;

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
char upper(char c) { return static_cast<char>(std::toupper(static_cast<unsigned char>(c))); }

std::string lower(string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

string_view trim(string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool is_open(char c) { return c == '(' || c == '[' || c == '{'; }
bool is_close(char c) { return c == ')' || c == ']' || c == '}'; }

// Parts between commas outside all brackets.
std::vector<std::string> split_items(string_view text, string_view separator) {
  std::vector<std::string> items;
  int depth = 0;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_open(text[i])) ++depth;
    if (is_close(text[i])) --depth;
    if (depth == 0 && text.substr(i, separator.size()) == separator) {
      items.emplace_back(trim(text.substr(begin, i - begin)));
      begin = i + separator.size();
      i = begin - 1;
    }
  }
  items.emplace_back(trim(text.substr(begin)));
  return items;
}

std::optional<std::vector<Answer>> parse_items(string_view text, string_view separator) {
  std::vector<Answer> items;
  for (const auto& item : split_items(text, separator)) {
    Answer parsed = parse_answer(item);
    if (parsed.kind == Answer::Kind::kNone) return std::nullopt;
    items.push_back(std::move(parsed));
  }
  return items;
}

// Whether the first bracket is closed by the last character.
bool one_bracket_pair(string_view text) {
  int depth = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (is_open(text[i])) ++depth;
    if (is_close(text[i]) && --depth == 0) return i + 1 == text.size();
  }
  return false;
}

Answer as_sequence(std::vector<Answer> items, std::string brackets) {
  Answer out;
  out.kind = Answer::Kind::kSequence;
  out.items = std::move(items);
  out.brackets = std::move(brackets);
  return out;
}

Answer as_set(std::vector<Answer> items) {
  Answer out;
  out.kind = Answer::Kind::kSet;
  out.items = std::move(items);
  return out;
}

std::optional<Answer> parse_bracketed(string_view text) {
  const bool escaped =
      text.size() >= 4 && text.substr(0, 2) == "\\{" && text.substr(text.size() - 2) == "\\}";
  if (escaped) {
    auto items = parse_items(text.substr(2, text.size() - 4), ",");
    return items ? std::optional(as_set(std::move(*items))) : std::nullopt;
  }
  if (text.size() < 2 || !is_open(text.front()) || !one_bracket_pair(text)) return std::nullopt;
  const auto inner = trim(text.substr(1, text.size() - 2));
  if (text.front() == '{') {
    auto items = parse_items(inner, ",");
    return items ? std::optional(as_set(std::move(*items))) : std::nullopt;
  }
  if (split_items(inner, ",").size() < 2) return std::nullopt;
  auto items = parse_items(inner, ",");
  if (!items) return std::nullopt;
  return as_sequence(std::move(*items), {text.front(), text.back()});
}

std::optional<Answer> parse_matrix(string_view text) {
  constexpr string_view kBegin = "\\begin{";
  if (text.substr(0, kBegin.size()) != kBegin) return std::nullopt;
  const size_t name_end = text.find('}');
  const size_t end = text.rfind("\\end{");
  if (name_end == npos || end == npos || end < name_end) return std::nullopt;
  if (text.substr(kBegin.size(), name_end - kBegin.size()).find("matrix") == npos) {
    return std::nullopt;
  }
  std::vector<Answer> rows;
  for (const auto& row : split_items(text.substr(name_end + 1, end - name_end - 1), "\\\\")) {
    if (row.empty()) continue;
    auto cells = parse_items(row, "&");
    if (!cells) return std::nullopt;
    rows.push_back(as_sequence(std::move(*cells), "matrix row"));
  }
  return as_sequence(std::move(rows), "matrix");
}

// "1, 2 and 3": numbers only, else it is prose.
std::optional<Answer> parse_bare_list(string_view text) {
  auto parts = split_items(text, ",");
  const std::string last = parts.back();
  const size_t joint = last.rfind("and ");
  if (joint != npos && (joint == 0 || last[joint - 1] == ' ')) {
    parts.pop_back();
    if (joint > 0) parts.emplace_back(trim(string_view(last).substr(0, joint)));
    parts.emplace_back(trim(string_view(last).substr(joint + 4)));
  }
  if (parts.size() < 2) return std::nullopt;
  std::vector<Answer> items;
  for (const auto& part : parts) {
    items.push_back(parse_answer(part));
    const auto kind = items.back().kind;
    if (kind != Answer::Kind::kNumber && kind != Answer::Kind::kSequence) return std::nullopt;
  }
  return as_set(std::move(items));
}

// B, (B), b), B.
std::optional<Answer> parse_choice(string_view text) {
  const bool opened = !text.empty() && text.front() == '(';
  if (opened) text.remove_prefix(1);
  if (text.empty() || upper(text[0]) < 'A' || upper(text[0]) > 'J') return std::nullopt;
  const auto rest = text.substr(1);
  const bool bare = rest.empty() && !opened && text[0] == upper(text[0]);
  if (!bare && rest != ")" && rest != ":") return std::nullopt;
  Answer out;
  out.kind = Answer::Kind::kChoice;
  out.text = std::string(1, upper(text[0]));
  return out;
}

std::optional<Answer> parse_truth(const std::string& word) {
  const bool yes = word == "yes" || word == "true";
  if (!yes && word != "no" && word != "false") return std::nullopt;
  Answer out;
  out.kind = Answer::Kind::kTruth;
  out.text = yes ? "yes" : "no";
  return out;
}

// "x = 5", "x \in {1, 2}": takes the name off.
std::string take_variable(string_view& text) {
  size_t n = 0;
  while (n < text.size() && n < 12 && (is_letter(text[n]) || text[n] == '_')) ++n;
  const auto rest = trim(text.substr(n));
  if (n == 0 || rest.empty()) return {};
  const bool equals = rest.front() == '=';
  const bool member = rest.substr(0, 3) == "\\in" && rest.size() > 3 && !is_letter(rest[3]);
  if (!equals && !member) return {};
  const std::string name(text.substr(0, n));
  text = trim(rest.substr(equals ? 1 : 3));
  return name;
}

// Formulas differ by spaces and outer braces, prose by case.
std::string plain_text(string_view text) {
  const bool formula = text.find_first_of("\\^_{}=+*") != npos;
  std::string out = formula ? std::string(text) : lower(text);
  if (formula) std::erase(out, ' ');
  return out;
}

Answer parse_value(string_view text) {
  Answer out;
  if (auto number = parse_number(text)) {
    out.kind = Answer::Kind::kNumber;
    out.number = std::move(*number);
    return out;
  }
  if (auto choice = parse_choice(text)) return *choice;
  if (auto truth = parse_truth(lower(text))) return *truth;
  if (auto matrix = parse_matrix(text)) return *matrix;
  if (auto bracketed = parse_bracketed(text)) return *bracketed;
  if (auto list = parse_bare_list(text)) return *list;
  out.kind = Answer::Kind::kText;
  out.text = plain_text(text);
  return out;
}

bool same_items(const std::vector<Answer>& a, const std::vector<Answer>& b, double tolerance) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](const Answer& x, const Answer& y) { return same_answer(x, y, tolerance); });
}

bool same_set(const std::vector<Answer>& a, const std::vector<Answer>& b, double tolerance) {
  return a.size() == b.size() &&
         std::is_permutation(a.begin(), a.end(), b.begin(), [&](const Answer& x, const Answer& y) {
           return same_answer(x, y, tolerance);
         });
}

// "b" and "B. because" as a choice, where the reference is one.
std::optional<std::string> choice_in(const Answer& prediction) {
  if (prediction.kind != Answer::Kind::kText || prediction.text.empty()) return std::nullopt;
  string_view text = prediction.text;
  if (text.front() == '(') text.remove_prefix(1);
  const bool marked =
      text.size() == 1 || (text.size() > 1 && (text[1] == ')' || text[1] == '.' || text[1] == ':'));
  if (text.empty() || !is_letter(text[0]) || !marked) return std::nullopt;
  return std::string(1, upper(text[0]));
}

}  // namespace

Answer parse_answer(std::string_view raw) {
  Answer out;
  if (!braces_match(raw)) return out;
  const std::string clean = normalise(raw);
  string_view text = trim(clean);
  if (text.empty()) return out;
  const std::string variable = take_variable(text);
  if (text.empty()) return out;
  out = parse_value(text);
  out.variable = variable;
  return out;
}

bool same_answer(const Answer& prediction, const Answer& reference, double tolerance) {
  using Kind = Answer::Kind;
  const bool two_names = !prediction.variable.empty() && !reference.variable.empty();
  if (two_names && prediction.variable != reference.variable) return false;
  if (reference.kind == Kind::kChoice && prediction.kind == Kind::kText) {
    return choice_in(prediction) == reference.text;
  }
  if (prediction.kind != reference.kind) return false;
  switch (reference.kind) {
    case Kind::kNumber:
      return same_number(prediction.number, reference.number, tolerance);
    case Kind::kSequence:
      return prediction.brackets == reference.brackets &&
             same_items(prediction.items, reference.items, tolerance);
    case Kind::kSet:
      return same_set(prediction.items, reference.items, tolerance);
    case Kind::kChoice:
    case Kind::kTruth:
    case Kind::kText:
      return prediction.text == reference.text;
    case Kind::kNone:
      return false;
  }
  return false;
}

}  // namespace kd::math
