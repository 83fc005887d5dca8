// Learning merges from text.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "presplit.h"

namespace kd::tokenizers {

struct TrainedBpe {
  std::vector<std::string> tokens;                  // ids 0 … 255 are the bytes
  std::vector<std::pair<int64_t, int64_t>> merges;  // merge i makes token 256 + i
};

// Merges the most frequent pair until there are `tokens` tokens (at least 256) or no pair occurs
// twice. Of equally frequent pairs the one with the smaller ids goes first, so that equal texts
// give equal tokenizers, in whatever order they come.
TrainedBpe train_bpe(const std::vector<std::string>& texts, Presplit rule, int64_t tokens);

}  // namespace kd::tokenizers
