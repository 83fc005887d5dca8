// y = x · Wᵀ + b.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <span>

#include "kd/module.h"

namespace kd {

struct LinearConfig {
  int64_t in = 0;
  int64_t out = 0;
  bool bias = false;
};

// Parameters: weight [out, in], bias [out] (optional). Uninitialised until filled or loaded.
class Linear : public Module {
 public:
  Linear(const LinearConfig& config, const c10::TensorOptions& options);
  // x: [..., in] -> [..., out]
  at::Tensor operator()(const at::Tensor& x, ForwardContext& context) const;

  const at::Tensor& weight() const { return weight_; }
  const at::Tensor& bias() const { return bias_; }  // undefined without bias

 private:
  at::Tensor weight_;
  at::Tensor bias_;
};

// Weights of several linear layers with the same input as one: one matrix product in place of
// several. Undefined `weight` means that joining would not pay, because the copy is too large.
struct JoinedLinear {
  at::Tensor weight;  // [sum of out, in]
  at::Tensor bias;    // [sum of out] or undefined
};
// All of `layers` have a bias or none has.
JoinedLinear join_linear(std::span<const Linear* const> layers);

// Uninitialised parameter of the given shape that takes gradients.
at::Tensor make_parameter(at::IntArrayRef shape, const c10::TensorOptions& options);

}  // namespace kd
