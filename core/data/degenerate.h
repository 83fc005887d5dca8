// Completions that teach the wrong thing whatever their answer is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kd/value.h"

namespace kd::core {

struct RepetitionLimits {
  int64_t ngram = 20;  // words
  int64_t times = 3;   // an n-gram or a long line seen so often is a loop
};

// Whether the text goes round in circles: some n-gram of words or some line of at least 20
// characters occurs `times` times, or the text ends in at least 32 characters that are one unit
// repeated four times or more.
bool repeats_endlessly(std::string_view text, const RepetitionLimits& limits);

// Whether the row says that generation was cut: column "truncated" is true or "finish_reason" is
// "length".
bool is_truncated(const Row& row);

// The text of a completion: a string, or the contents of a list of messages, joined by newlines.
// Throws kd::Error(kData) for anything else.
std::string completion_text(const Value& completion);

}  // namespace kd::core
