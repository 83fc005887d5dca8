// Choosing the next token from one row of logits.
#pragma once

#include <cstdint>
#include <span>

namespace kd::core {

// The processors, applied in this order: temperature, top-k, top-p, min-p.
struct SamplingOptions {
  double temperature = 1.0;  // 0: the most likely token (greedy), no other processor applies
  int64_t top_k = 0;         // keep the k most likely (ties at the threshold stay); 0: all
  double top_p = 1.0;        // keep the smallest head whose mass reaches p; 1: all
  double min_p = 0.0;        // drop what is less likely than min_p times the most likely; 0: none
};

struct SampledToken {
  int64_t id = 0;
  double logprob = 0;            // raw: log-softmax of the model's own logits
  double processed_logprob = 0;  // of the distribution the token was drawn from
};

// Draws by inverse CDF with `uniform` in [0, 1). `logits` [V] fp32 is the model's own row; it is
// used as scratch space. Needs at least one finite logit.
SampledToken sample_token(std::span<float> logits, const SamplingOptions& options, double uniform);

}  // namespace kd::core
