// The one exception type of kd, and helpers to write messages people can act on.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace kd {

// What went wrong; the numeric value is kdrun's exit code.
enum class ErrorCode : int {
  kInternal = 1,    // a defect in kd or in a plugin
  kUsage = 2,       // command line, recipe or plan: nothing was run
  kPlugin = 3,      // a plugin cannot be loaded, has another ABI, or broke its contract
  kData = 4,        // a row, file or dataset cannot be used
  kCheckpoint = 5,  // a checkpoint or model folder is damaged or does not fit
  kNonFinite = 6,   // NaN or Inf in a loss, gradient or parameter
  kPeer = 7,        // another rank died or a collective timed out
  kMemory = 8,      // out of memory
  kDisk = 9,        // out of space, or a write failed
};

// An error says what happened (`message`), where (`where`: "recipe.lua:21", "stage sft, step 12",
// "data.jsonl:7") and what to do next (`hint`). Callers further out add their own place with
// `add_where`; `what()` is the whole text, outermost place first. [any]
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, std::string message, std::string hint = {}, std::string where = {});

  ErrorCode code() const noexcept { return code_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& hint() const noexcept { return hint_; }
  const std::string& where() const noexcept { return where_; }
  const char* what() const noexcept override { return text_.c_str(); }

  // Puts `outer` in front of the present place.
  Error& add_where(std::string_view outer);

 private:
  void compose();

  ErrorCode code_;
  std::string message_;
  std::string hint_;
  std::string where_;
  std::string text_;
};

// Concatenates anything that an ostream prints: cat("row ", 3, ": ", name).
template <typename... Parts>
std::string cat(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

// Joins words for a message: join({"a", "b"}) is "a, b".
std::string join(const std::vector<std::string>& words, std::string_view separator = ", ");

// The candidate closest to `word` by edit distance (case-insensitive, transpositions count one),
// or empty when none is near enough to be a plausible misspelling.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

// "did you mean 'alpha'? valid: alpha, beta" (the first half only when something is close).
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace kd
