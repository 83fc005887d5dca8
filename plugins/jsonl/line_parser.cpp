#include "line_parser.h"

#include <algorithm>
#include <array>

#include "kd/error.h"
#include "kd/json.h"

namespace kd::jsonl {
namespace {

constexpr std::array kTextOrMessages = {"prompt", "completion", "chosen", "rejected"};

[[noreturn]] void fail(const std::string& message, const std::string& hint = {}) {
  throw Error(ErrorCode::kData, message, hint);
}

void check_message(const Value& message, const std::string& column, size_t index) {
  for (const char* key : {"role", "content"}) {
    const Value* member = message.find(key);
    if (member == nullptr) {
      fail(cat(column, "[", index, "] has no '", key, "'"),
           "messages are a list of {\"role\": …, \"content\": …}");
    }
    if (!member->is_string()) {
      fail(cat(column, "[", index, "].", key, " is ", member->preview(), ", not a text"));
    }
  }
}

void check_messages(const Value& value, const std::string& column) {
  const auto& list = value.as_list();
  if (list.empty()) fail(cat("'", column, "' is an empty list"), "messages are at least one");
  for (size_t i = 0; i < list.size(); ++i) check_message(list[i], column, i);
}

void check_column(const Row& row, const std::string& column, bool text_fits, bool list_fits) {
  const auto it = row.find(column);
  if (it == row.end() || (text_fits && it->second.is_string())) return;
  if (list_fits && it->second.is_list()) return check_messages(it->second, column);
  const char* wanted = text_fits && list_fits ? "a text or a list of messages"
                       : text_fits            ? "a text"
                                              : "a list of messages";
  fail(cat("'", column, "' is ", it->second.preview(), ", not ", wanted));
}

Value parse(std::string_view line, bool is_cut) {
  try {
    return parse_json(line);
  } catch (const Error& error) {
    if (!is_cut) throw;
    fail(error.message(), "the last line has no line end: the file may have been cut off");
  }
}

}  // namespace

Row parse_line(std::string_view line, bool is_cut) {
  if (line.find_first_not_of(" \t") == std::string_view::npos) {
    fail("the line is empty", "one JSON object a line, and nothing between them");
  }
  const size_t nul = line.find('\0');
  if (nul != std::string_view::npos) {
    fail(cat("a NUL byte at byte ", nul), "the file is damaged, or is no UTF-8 text");
  }
  const Value value = parse(line, is_cut);
  if (!value.is_map()) fail(cat("the line is ", value.preview(), ", not an object { … }"));
  check_column(value.as_map(), "text", true, false);
  check_column(value.as_map(), "messages", false, true);
  for (const char* column : kTextOrMessages) check_column(value.as_map(), column, true, true);
  return value.as_map();
}

std::vector<std::string> training_columns(const Row& row) {
  std::vector<std::string> columns;
  const auto add = [&](const char* name) {
    if (row.find(name) != row.end()) columns.emplace_back(name);
  };
  add("text");
  add("messages");
  for (const char* name : kTextOrMessages) add(name);
  return columns;
}

void require_columns(const Row& row, const std::vector<std::string>& columns) {
  for (const auto& column : columns) {
    const auto it = row.find(column);
    if (it != row.end() && !it->second.is_nil()) continue;
    std::vector<std::string> names;
    for (const auto& [name, value] : row) names.push_back(name);
    fail(cat("'", column, "' is ", it == row.end() ? "missing" : "null"),
         cat("columns of this line: ", join(names), "; ", did_you_mean(column, names)));
  }
}

}  // namespace kd::jsonl
