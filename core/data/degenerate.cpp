#include "core/data/degenerate.h"

#include <algorithm>
#include <unordered_map>
#include <vector>

#include "kd/error.h"

namespace kd::core {
namespace {

constexpr size_t kLongLine = 20;
constexpr size_t kLoopCharacters = 32;
constexpr size_t kLoopTimes = 4;

std::vector<std::string_view> pieces(std::string_view text, std::string_view separators) {
  std::vector<std::string_view> out;
  size_t at = 0;
  while ((at = text.find_first_not_of(separators, at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(separators, at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end;
  }
  return out;
}

bool some_line_repeats(std::string_view text, int64_t times) {
  std::unordered_map<std::string_view, int64_t> seen;
  for (const auto line : pieces(text, "\n")) {
    if (line.size() >= kLongLine && ++seen[line] >= times) return true;
  }
  return false;
}

bool some_ngram_repeats(std::string_view text, const RepetitionLimits& limits) {
  const auto words = pieces(text, " \t\r\n");
  const auto n = static_cast<size_t>(limits.ngram);
  std::unordered_map<std::string, int64_t> seen;
  for (size_t i = 0; i + n <= words.size(); ++i) {
    std::string key;
    for (size_t k = 0; k < n; ++k) key.append(words[i + k]).push_back(' ');
    if (++seen[key] >= limits.times) return true;
  }
  return false;
}

// A text of period p repeats itself at distance p; the common tail of the text and its copy moved
// by p is as long as the loop less one unit.
bool ends_in_loop(std::string_view text) {
  const size_t size = text.size();
  for (size_t period = 1; period * kLoopTimes <= size; ++period) {
    const size_t wanted = std::max(kLoopCharacters, period * kLoopTimes);
    if (wanted > size) break;
    size_t equal = 0;
    while (equal + period < size && equal + period < wanted &&
           text[size - 1 - equal] == text[size - 1 - equal - period]) {
      ++equal;
    }
    if (equal + period >= wanted) return true;
  }
  return false;
}

}  // namespace

bool repeats_endlessly(std::string_view text, const RepetitionLimits& limits) {
  return ends_in_loop(text) || some_line_repeats(text, limits.times) ||
         some_ngram_repeats(text, limits);
}

bool is_truncated(const Row& row) {
  const auto truncated = row.find("truncated");
  if (truncated != row.end() && truncated->second == Value(true)) return true;
  const auto reason = row.find("finish_reason");
  return reason != row.end() && reason->second == Value("length");
}

std::string completion_text(const Value& completion) {
  if (completion.is_string()) return completion.as_string();
  if (!completion.is_list()) {
    throw Error(ErrorCode::kData,
                cat("a completion is a text or a list of messages, not ", completion.type_name()));
  }
  std::string out;
  for (const auto& message : completion.as_list()) {
    const Value* content = message.find("content");
    if (content == nullptr || !content->is_string()) {
      throw Error(ErrorCode::kData, "a message of a completion has no text 'content'");
    }
    if (!out.empty()) out.push_back('\n');
    out += content->as_string();
  }
  return out;
}

}  // namespace kd::core
