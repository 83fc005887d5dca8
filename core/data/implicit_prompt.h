// The prompt of a preference row that does not name one.
#pragma once

#include "kd/value.h"

namespace kd::core {

struct PairTexts {
  Value prompt;  // a text or a list of messages, as are the others
  Value chosen;
  Value rejected;
};

// prompt, chosen and rejected of a row. Without a column "prompt" it is the longest common
// beginning of both sides (for messages: the leading messages that are equal; for texts: up to the
// last space before they differ, which then begins the completions). Throws kd::Error(kData) when
// one side is a text and the other messages, or both are equal.
PairTexts pair_texts(const Row& row);

}  // namespace kd::core
