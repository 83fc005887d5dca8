// Log-probabilities of whole sequences, for objectives on pairs.
#pragma once

#include <ATen/core/Tensor.h>

#include "kd/objective.h"

namespace kd {

// Σ_t m_t log q(y_t) and |y| = Σ_t m_t of each sequence, m = label is not -100.
struct SequenceLogprobs {
  at::Tensor sum;     // [B]; differentiable where the logits are
  at::Tensor length;  // [B], at least 1, same type as sum

  at::Tensor mean() const;  // [B]
};

// labels: [B, T] int64, one for each row of `logits`. Throws as token_logprobs does. [train]
SequenceLogprobs sequence_logprobs(const LazyLogits& logits, const at::Tensor& labels);

// The same from per-token log-probabilities [B, T] that are zero where the label is -100.
SequenceLogprobs sequence_logprobs(const at::Tensor& token_logprobs, const at::Tensor& labels);

// Reports what people watch in preference training, as means over pairs: "chosen_logprob" and
// "rejected_logprob" (per token), and from `margin` [B] its mean and the share above zero:
// "margin", "pair_accuracy". Nothing keeps a graph.
void observe_pairs(ObjectiveContext& context, const SequenceLogprobs& chosen,
                   const SequenceLogprobs& rejected, const at::Tensor& margin);

}  // namespace kd
