// ChatML: conversations as tokens. <|im_start|>role\ncontent<|im_end|>\n for each message.
#pragma once

#include <cstdint>
#include <vector>

#include "kd/tokenizer.h"
#include "kd/value.h"

namespace kd::core {

// Tokens of a text and, for each, whether a loss counts it as a target.
struct MarkedTokens {
  std::vector<int64_t> ids;
  std::vector<bool> counted;

  void append(const std::vector<int64_t>& more, bool count);
  void append(const MarkedTokens& more);
};

// Markers and text are tokenised apart, so that a message that contains a marker's text cannot
// open a turn. `counted` is set on assistant contents and their closing marker, not on role
// headers nor on the newline after the marker. Throws kd::Error(kData) for malformed messages and
// for a tokenizer without the two markers.
MarkedTokens chatml(const Value::List& messages, const Tokenizer& tokenizer);

// "<|im_start|>assistant\n": what a model continues.
std::vector<int64_t> chatml_generation_prompt(const Tokenizer& tokenizer);

// The id of <|im_end|>, which ends a turn.
int64_t chatml_end(const Tokenizer& tokenizer);

}  // namespace kd::core
