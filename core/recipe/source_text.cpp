#include "core/recipe/source_text.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>

namespace kd::core {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

}  // namespace

// Splits Lua text into tokens; comments and the insides of strings are passed over.
class SourceText::Scanner {
 public:
  Scanner(std::string_view text, std::vector<Token>& tokens) : text_(text), tokens_(tokens) {}

  void scan() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (std::isspace(static_cast<unsigned char>(c)) != 0) {
        step();
      } else if (c == '-' && peek(1) == '-') {
        comment();
      } else if (c == '[' && long_level() >= 0) {
        long_text(Kind::kString);
      } else if (c == '"' || c == '\'') {
        quoted(c);
      } else if (is_word(c)) {
        word(is_digit(c) ? Kind::kNumber : Kind::kName);
      } else {
        add(Kind::kSymbol, std::string(1, c), line_);
        step();
      }
    }
  }

 private:
  char peek(size_t ahead) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  void step() {
    if (text_[at_] == '\n') ++line_;
    ++at_;
  }
  void add(Kind kind, std::string text, int line) {
    tokens_.push_back({kind, std::move(text), line});
  }

  // Number of '=' in a long bracket that opens here, or -1.
  int long_level() const {
    size_t ahead = 1;
    while (peek(ahead) == '=') ++ahead;
    return peek(ahead) == '[' ? static_cast<int>(ahead) - 1 : -1;
  }

  void long_text(Kind kind, bool keep = true) {
    const int line = line_;
    const auto level = static_cast<size_t>(long_level());
    const std::string close = "]" + std::string(level, '=') + "]";
    const size_t begin = at_ + level + 2;
    const size_t found = text_.find(close, begin);
    const size_t end = found == std::string_view::npos ? text_.size() : found;
    const size_t after = end == text_.size() ? end : end + close.size();
    if (keep) add(kind, std::string(text_.substr(begin, end - begin)), line);
    while (at_ < after) step();
  }

  void comment() {
    at_ += 2;
    if (peek(0) == '[' && long_level() >= 0) {
      long_text(Kind::kString, false);
      return;
    }
    while (at_ < text_.size() && text_[at_] != '\n') ++at_;
  }

  void quoted(char quote) {
    const int line = line_;
    std::string inside;
    step();
    while (at_ < text_.size() && text_[at_] != quote && text_[at_] != '\n') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) step();
      inside += text_[at_];
      step();
    }
    if (at_ < text_.size()) step();
    add(Kind::kString, std::move(inside), line);
  }

  void word(Kind kind) {
    const size_t begin = at_;
    while (at_ < text_.size() &&
           (is_word(text_[at_]) || (kind == Kind::kNumber && text_[at_] == '.')))
      ++at_;
    add(kind, std::string(text_.substr(begin, at_ - begin)), line_);
  }

  std::string_view text_;
  std::vector<Token>& tokens_;
  size_t at_ = 0;
  int line_ = 1;
};

namespace {

// Lines of "-- text" up to the first line that is none.
std::string leading_comment(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.substr(0, 2) == "#!") continue;
    if (line.substr(0, 2) != "--") break;
    line.remove_prefix(2);
    if (!line.empty() && line.front() == ' ') line.remove_prefix(1);
    out += std::string(line) + "\n";
  }
  return out;
}

}  // namespace

SourceText::SourceText(std::string_view text) : head_(leading_comment(text)) {
  Scanner(text, tokens_).scan();
}

std::string SourceText::head_comment() const { return head_; }

// Where the callee's name stands on the call's line, or else the first time below it.
std::vector<size_t> SourceText::calls(int line, std::string_view callee) const {
  std::vector<size_t> on_line;
  for (size_t i = 0; i < tokens_.size(); ++i) {
    const Token& token = tokens_[i];
    if (token.line < line || token.kind != Kind::kName || token.text != callee) continue;
    if (token.line > line && !on_line.empty()) break;
    on_line.push_back(i);
    if (token.line > line) break;
  }
  return on_line;
}

// The '{' of the table given to a callee: name {, name ({, name "x" {, name(…) {.
size_t SourceText::table_of_call(size_t callee) const {
  size_t i = callee + 1;
  auto is = [&](std::string_view symbol) {
    return i < tokens_.size() && tokens_[i].kind == Kind::kSymbol && tokens_[i].text == symbol;
  };
  if (i < tokens_.size() && tokens_[i].kind == Kind::kString) ++i;
  if (is("(")) {
    for (size_t inside = i + 1; inside < closing(i); ++inside) {
      if (tokens_[inside].text == "{" && tokens_[inside].kind == Kind::kSymbol) return inside;
    }
    i = closing(i) + 1;
  }
  if (is("(")) ++i;
  return is("{") ? i : tokens_.size();
}

// The bracket that closes the one at `open`, or the end.
size_t SourceText::closing(size_t open) const {
  int depth = 0;
  for (size_t i = open; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != Kind::kSymbol) continue;
    const char c = tokens_[i].text[0];
    if (c == '{' || c == '(' || c == '[') ++depth;
    if ((c == '}' || c == ')' || c == ']') && --depth == 0) return i;
  }
  return tokens_.size();
}

// The `end` of the function that begins at `function`.
size_t SourceText::function_end(size_t function) const {
  int depth = 0;
  for (size_t i = function; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != Kind::kName) continue;
    const std::string& word = tokens_[i].text;
    if (word == "function" || word == "if" || word == "do" || word == "repeat") ++depth;
    if ((word == "end" || word == "until") && --depth == 0) return i;
  }
  return tokens_.size();
}

// The separator after the entry that begins at `at`, or the table's end.
size_t SourceText::entry_end(size_t at, size_t end) const {
  for (size_t i = at; i < end; ++i) {
    const Token& token = tokens_[i];
    if (token.kind == Kind::kName && token.text == "function") i = function_end(i);
    if (token.kind != Kind::kSymbol) continue;
    if (token.text == "," || token.text == ";") return i;
    if (token.text == "{" || token.text == "(" || token.text == "[") i = closing(i);
  }
  return end;
}

// The first token of an entry: by name (`name =`, `["name"] =`) or by position ("2").
size_t SourceText::find_entry(size_t open, std::string_view name) const {
  const bool by_position = is_digit(name.empty() ? ' ' : name[0]);
  const long wanted = by_position ? std::strtol(std::string(name).c_str(), nullptr, 10) : 0;
  const size_t end = closing(open);
  long position = 0;
  for (size_t i = open + 1; i < end;) {
    const bool bracketed = tokens_[i].text == "[" && tokens_[i].kind == Kind::kSymbol;
    const size_t key = bracketed ? i + 1 : i;
    const size_t equals = bracketed ? closing(i) + 1 : i + 1;
    const bool named = (bracketed || tokens_[i].kind == Kind::kName) && equals < end &&
                       tokens_[equals].text == "=" && tokens_[equals].kind == Kind::kSymbol &&
                       tokens_[equals + 1].text != "=";
    if (named && !by_position && tokens_[key].text == name) return i;
    if (!named && by_position && ++position == wanted) return i;
    i = entry_end(i, end) + 1;
  }
  return tokens_.size();
}

int SourceText::find_in_table(size_t open, std::string_view path, bool& complete) const {
  const size_t end = std::min(path.find_first_of(".["), path.size());
  const std::string_view first = path.substr(0, end);
  std::string_view rest = path.substr(end);
  while (!rest.empty() && (rest[0] == '.' || rest[0] == '[' || rest[0] == ']')) {
    rest.remove_prefix(1);
  }
  const size_t bracket = first.find(']');
  const size_t entry = find_entry(open, first.substr(0, bracket));
  if (entry == tokens_.size()) return 0;
  const int line = tokens_[entry].line;
  complete = rest.empty();
  if (complete) return line;
  size_t value = entry;
  while (value < closing(open) && tokens_[value].text != "{") ++value;
  if (value >= closing(open)) return line;
  const int deeper = find_in_table(value, rest, complete);
  return deeper > 0 ? deeper : line;
}

int SourceText::key_line(int line, std::string_view callee, std::string_view key) const {
  int best = 0;
  for (const size_t call : calls(line, callee)) {
    const size_t open = table_of_call(call);
    if (open >= tokens_.size()) continue;
    bool complete = false;
    const int found = find_in_table(open, key, complete);
    if (complete) return found;
    if (best == 0) best = found;
  }
  return best;
}

int SourceText::callee_line(int line, std::string_view callee) const {
  const auto found = calls(line, callee);
  return found.empty() ? 0 : tokens_[found.front()].line;
}

}  // namespace kd::core
