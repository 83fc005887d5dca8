#include "core/data/implicit_prompt.h"

#include <algorithm>
#include <string>

#include "kd/error.h"

namespace kd::core {
namespace {

bool is_continuation_byte(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

size_t common_prefix(const std::string& a, const std::string& b) {
  const size_t limit = std::min(a.size(), b.size());
  size_t n = 0;
  while (n < limit && a[n] == b[n]) ++n;
  // Never inside a character.
  const auto inside = [&](const std::string& s) {
    return n < s.size() && is_continuation_byte(s[n]);
  };
  while (n > 0 && (inside(a) || inside(b))) --n;
  // A space belongs to the word after it.
  if (n > 0 && a[n - 1] == ' ') --n;
  return n;
}

PairTexts split_texts(const std::string& chosen, const std::string& rejected) {
  const size_t n = common_prefix(chosen, rejected);
  return {Value(chosen.substr(0, n)), Value(chosen.substr(n)), Value(rejected.substr(n))};
}

PairTexts split_messages(const Value::List& chosen, const Value::List& rejected) {
  const auto [a, b] = std::mismatch(chosen.begin(), chosen.end(), rejected.begin(), rejected.end());
  return {Value(Value::List(chosen.begin(), a)), Value(Value::List(a, chosen.end())),
          Value(Value::List(b, rejected.end()))};
}

}  // namespace

PairTexts pair_texts(const Row& row) {
  const Value& chosen = row.at("chosen");
  const Value& rejected = row.at("rejected");
  const bool are_texts = chosen.is_string() && rejected.is_string();
  if (!are_texts && !(chosen.is_list() && rejected.is_list())) {
    throw Error(ErrorCode::kData,
                cat("chosen is ", chosen.type_name(), " and rejected is ", rejected.type_name()),
                "both are texts, or both are lists of messages");
  }
  if (chosen == rejected) throw Error(ErrorCode::kData, "chosen and rejected are equal");
  const auto prompt = row.find("prompt");
  if (prompt != row.end() && !prompt->second.is_nil()) return {prompt->second, chosen, rejected};
  return are_texts ? split_texts(chosen.as_string(), rejected.as_string())
                   : split_messages(chosen.as_list(), rejected.as_list());
}

}  // namespace kd::core
