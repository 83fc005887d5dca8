#include "kd/layers/linear.h"

#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/linear.h>

#include <vector>

namespace kd {

at::Tensor make_parameter(at::IntArrayRef shape, const c10::TensorOptions& options) {
  return at::empty(shape, options).set_requires_grad(true);
}

Linear::Linear(const LinearConfig& config, const c10::TensorOptions& options)
    : weight_(make_parameter({config.out, config.in}, options)) {
  if (config.bias) bias_ = make_parameter({config.out}, options);
  add_parameter("weight", weight_);
  add_parameter("bias", bias_);
}

at::Tensor Linear::operator()(const at::Tensor& x, ForwardContext& context) const {
  return tap(context, [&] { return at::linear(x, weight_, bias_); });
}

JoinedLinear join_linear(std::span<const Linear* const> layers) {
  constexpr int64_t kLargest = 1 << 22;  // elements: 16 MB in fp32
  int64_t elements = 0;
  std::vector<at::Tensor> weights;
  std::vector<at::Tensor> biases;
  for (const Linear* layer : layers) {
    elements += layer->weight().numel();
    weights.push_back(layer->weight());
    if (layer->bias().defined()) biases.push_back(layer->bias());
  }
  if (elements > kLargest) return {};
  return {at::cat(weights), biases.empty() ? at::Tensor() : at::cat(biases)};
}

}  // namespace kd
