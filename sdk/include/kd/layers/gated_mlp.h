// The gated feed-forward block (SwiGLU and its relatives): down(act(gate(x)) · up(x)).
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include "kd/layers/activation.h"
#include "kd/layers/linear.h"
#include "kd/module.h"

namespace kd {

struct GatedMlpConfig {
  int64_t hidden = 0;
  int64_t intermediate = 0;
  Activation activation = Activation::kSilu;
  bool bias = false;
};

// Children: gate, up, down.
class GatedMlp : public Module {
 public:
  GatedMlp(const GatedMlpConfig& config, const c10::TensorOptions& options);
  // x: [B, T, hidden] -> [B, T, hidden]. `joined` is join() kept from before, or null.
  at::Tensor operator()(const at::Tensor& x, const JoinedLinear* joined,
                        ForwardContext& context) const;
  // gate and up as one matrix, for decoding with weights that do not change.
  JoinedLinear join() const;

 private:
  at::Tensor gated(const at::Tensor& x, const JoinedLinear* joined, ForwardContext& context) const;
  at::Tensor gate_with(const at::Tensor& gate, const at::Tensor& up) const;

  Activation activation_;
  Linear gate_;
  Linear up_;
  Linear down_;
};

}  // namespace kd
