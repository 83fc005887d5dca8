#include "kd/layers/gated_mlp.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>

#include <array>

#include "sdk/src/layers/fused.h"

namespace kd {

GatedMlp::GatedMlp(const GatedMlpConfig& config, const c10::TensorOptions& options)
    : activation_(config.activation),
      gate_({config.hidden, config.intermediate, config.bias}, options),
      up_({config.hidden, config.intermediate, config.bias}, options),
      down_({config.intermediate, config.hidden, config.bias}, options) {
  add_child("gate", gate_);
  add_child("up", up_);
  add_child("down", down_);
}

JoinedLinear GatedMlp::join() const {
  return join_linear(std::array<const Linear*, 2>{&gate_, &up_});
}

at::Tensor GatedMlp::gate_with(const at::Tensor& gate, const at::Tensor& up) const {
  return activation_ == Activation::kSilu ? swiglu(gate, up) : activate(gate, activation_) * up;
}

at::Tensor GatedMlp::gated(const at::Tensor& x, const JoinedLinear* joined,
                           ForwardContext& context) const {
  if (joined != nullptr && joined->weight.defined() && !tapped_inside(context)) {
    const at::Tensor both = at::linear(x, joined->weight, joined->bias);
    const int64_t width = both.size(-1) / 2;
    return gate_with(both.narrow(-1, 0, width), both.narrow(-1, width, width));
  }
  const at::Tensor gate = gate_(x, context);
  return gate_with(gate, up_(x, context));
}

at::Tensor GatedMlp::operator()(const at::Tensor& x, const JoinedLinear* joined,
                                ForwardContext& context) const {
  return tap(context, [&] { return down_(gated(x, joined, context), context); });
}

}  // namespace kd
