// The text of a recipe's file, searched for the line on which a key of a table was written.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace kd::core {

class SourceText {
 public:
  SourceText() = default;
  explicit SourceText(std::string_view text);

  // The line of `key` ("lr", "optimizer.lr", "layers[2].size", dotted as Schema names it) in the
  // table that was given to `callee` ("redi", "pairs", "train") by the call on line `line`;
  // 0 when it cannot be told. A path is followed as far as it is written out.
  int key_line(int line, std::string_view callee, std::string_view key) const;
  // The line of the callee's name in that call: later than `line` in a chain over several lines.
  int callee_line(int line, std::string_view callee) const;

  // The comment that the text begins with, without its dashes.
  std::string head_comment() const;

 private:
  enum class Kind { kName, kString, kNumber, kSymbol };
  struct Token {
    Kind kind;
    std::string text;  // names and symbols; strings without quotes
    int line;
  };
  class Scanner;

  std::vector<size_t> calls(int line, std::string_view callee) const;
  size_t table_of_call(size_t callee) const;
  size_t closing(size_t open) const;
  size_t function_end(size_t function) const;
  size_t entry_end(size_t at, size_t end) const;
  int find_in_table(size_t open, std::string_view path, bool& complete) const;
  size_t find_entry(size_t open, std::string_view name) const;

  std::string head_;
  std::vector<Token> tokens_;
};

}  // namespace kd::core
