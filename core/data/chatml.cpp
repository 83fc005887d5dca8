#include "core/data/chatml.h"

#include <string>

#include "kd/error.h"

namespace kd::core {
namespace {

constexpr const char* kStart = "<|im_start|>";
constexpr const char* kEnd = "<|im_end|>";

int64_t marker(const Tokenizer& tokenizer, const char* text) {
  const int64_t id = tokenizer.token_id(text);
  if (id < 0) {
    throw Error(ErrorCode::kData, cat("the tokenizer has no token ", text, ", which messages need"),
                "use a tokenizer with ChatML markers, or rows of prompt and completion");
  }
  return id;
}

const std::string& text_member(const Value& message, const char* key, size_t index) {
  const Value* member = message.find(key);
  if (member == nullptr || !member->is_string()) {
    throw Error(ErrorCode::kData, cat("message ", index, " has no text '", key, "'"),
                "messages are a list of {role = …, content = …}");
  }
  return member->as_string();
}

void check_keys(const Value& message, size_t index) {
  for (const auto& [key, value] : message.as_map()) {
    if (key == "role" || key == "content" || key == "thinking" || value.is_nil()) continue;
    throw Error(ErrorCode::kData, cat("message ", index, ": '", key, "' is not understood"),
                "a message has role, content and, for reasoning, thinking");
  }
}

std::string content_of(const Value& message, size_t index) {
  const std::string& content = text_member(message, "content", index);
  const Value* thinking = message.find("thinking");
  if (thinking == nullptr || thinking->is_nil()) return content;
  return "<think>" + text_member(message, "thinking", index) + "</think>" + content;
}

}  // namespace

void MarkedTokens::append(const std::vector<int64_t>& more, bool count) {
  ids.insert(ids.end(), more.begin(), more.end());
  counted.resize(ids.size(), count);
}

void MarkedTokens::append(const MarkedTokens& more) {
  ids.insert(ids.end(), more.ids.begin(), more.ids.end());
  counted.insert(counted.end(), more.counted.begin(), more.counted.end());
}

MarkedTokens chatml(const Value::List& messages, const Tokenizer& tokenizer) {
  MarkedTokens out;
  const int64_t start = marker(tokenizer, kStart);
  const int64_t end = marker(tokenizer, kEnd);
  for (size_t i = 0; i < messages.size(); ++i) {
    if (!messages[i].is_map()) {
      throw Error(ErrorCode::kData, cat("message ", i, " is ", messages[i].preview()),
                  "messages are a list of {role = …, content = …}");
    }
    check_keys(messages[i], i);
    const std::string& role = text_member(messages[i], "role", i);
    const bool counted = role == "assistant";
    out.append({start}, false);
    out.append(tokenizer.encode(role + "\n"), false);
    out.append(tokenizer.encode(content_of(messages[i], i)), counted);
    out.append({end}, counted);
    out.append(tokenizer.encode("\n"), false);
  }
  return out;
}

std::vector<int64_t> chatml_generation_prompt(const Tokenizer& tokenizer) {
  std::vector<int64_t> ids = {marker(tokenizer, kStart)};
  const auto header = tokenizer.encode("assistant\n");
  ids.insert(ids.end(), header.begin(), header.end());
  return ids;
}

int64_t chatml_end(const Tokenizer& tokenizer) { return marker(tokenizer, kEnd); }

}  // namespace kd::core
