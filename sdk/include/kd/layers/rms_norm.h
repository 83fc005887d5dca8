// Root mean square normalisation (Zhang and Sennrich 2019): y = x / sqrt(mean(x²) + eps) · w.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include "kd/module.h"

namespace kd {

// Parameter: weight [width].
class RmsNorm : public Module {
 public:
  RmsNorm(int64_t width, double eps, const c10::TensorOptions& options);
  // x: [..., width], normalised over the last dimension; statistics in fp32 at least.
  at::Tensor operator()(const at::Tensor& x, ForwardContext& context) const;

 private:
  at::Tensor weight_;
  double eps_;
};

}  // namespace kd
