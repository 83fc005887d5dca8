#include "pair_loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/log_sigmoid.h>

#include "kd/want.h"

namespace preference {

kd::SequenceLogprobs logprobs(const kd::ObjectiveContext& context, const std::string& side,
                              const std::string& role) {
  return kd::sequence_logprobs(context.logits(kd::side_name(side, role + ".logits")),
                               context.column(kd::side_name(side, "labels")));
}

at::Tensor logistic_loss(const at::Tensor& h) { return at::log_sigmoid(h).sum().neg(); }

}  // namespace preference
