#include "kd/sequence_logprobs.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sum.h>

#include "kd/error.h"
#include "kd/tensors.h"

namespace kd {

at::Tensor SequenceLogprobs::mean() const { return sum / length; }

SequenceLogprobs sequence_logprobs(const at::Tensor& token_logprobs, const at::Tensor& labels) {
  const at::Tensor length = labels.ne(kIgnoreLabel).sum(1).clamp_min(1);
  return {token_logprobs.view(labels.sizes()).sum(1),
          length.to(token_logprobs.device(), token_logprobs.scalar_type())};
}

SequenceLogprobs sequence_logprobs(const LazyLogits& logits, const at::Tensor& labels) {
  require_rank(labels, 2, "labels", "[B, T]");
  return sequence_logprobs(token_logprobs(logits, labels.flatten()), labels);
}

void observe_pairs(ObjectiveContext& context, const SequenceLogprobs& chosen,
                   const SequenceLogprobs& rejected, const at::Tensor& margin) {
  const double pairs = static_cast<double>(margin.size(0));
  const at::Tensor detached = margin.detach();
  context.observe("chosen_logprob", chosen.mean().detach().sum(), pairs);
  context.observe("rejected_logprob", rejected.mean().detach().sum(), pairs);
  context.observe("margin", detached.sum(), pairs);
  context.observe("pair_accuracy", detached.gt(0).sum(), pairs);
}

}  // namespace kd
