#include "kd/error.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

namespace kd {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Optimal string alignment: insertions, deletions, replacements and swaps of neighbours cost one.
size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<size_t> before_last(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
    before_last.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

// Nobody misspells a longer name than this; it bounds the cost on hostile input.
constexpr size_t kLongestName = 128;

}  // namespace

Error::Error(ErrorCode code, std::string message, std::string hint, std::string where)
    : std::runtime_error(message),
      code_(code),
      message_(std::move(message)),
      hint_(std::move(hint)),
      where_(std::move(where)) {
  compose();
}

Error& Error::add_where(std::string_view outer) {
  where_ = where_.empty() ? std::string(outer) : cat(outer, ": ", where_);
  compose();
  return *this;
}

void Error::compose() {
  text_ = where_.empty() ? message_ : cat(where_, ": ", message_);
  if (!hint_.empty()) text_ += cat("\n  hint: ", hint_);
}

std::string join(const std::vector<std::string>& words, std::string_view separator) {
  std::string out;
  for (const auto& word : words) {
    if (&word != &words.front()) out += separator;
    out += word;
  }
  return out;
}

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > kLongestName) return {};
  const std::string wanted = lower(word);
  std::string best;
  size_t best_distance = kLongestName;
  for (const auto& candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    // A third of the letters may be wrong, and not all of them.
    const size_t length = std::max(wanted.size(), candidate.size());
    const size_t limit = std::min(std::max<size_t>(1, length / 3), std::max<size_t>(1, length) - 1);
    const size_t distance = edit_distance(wanted, lower(candidate));
    if (distance <= limit && distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string near = closest(word, candidates);
  const std::string valid = cat("valid: ", candidates.empty() ? "none" : join(candidates));
  return near.empty() ? valid : cat("did you mean '", near, "'? ", valid);
}

}  // namespace kd
