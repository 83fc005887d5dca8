// The one place that makes autograd nodes: LibTorch's autograd headers are slow to compile.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <vector>

namespace kd {

// Gradients of the inputs, in their order (undefined: none), from that of the value.
using Backward = std::function<std::vector<at::Tensor>(const at::Tensor& gradient)>;

// `value`, which has no graph, as a function of `inputs`. The graph can be gone through once
// unless `backward` can be called again; it runs without gradient mode.
at::Tensor with_backward(at::Tensor value, const std::vector<at::Tensor>& inputs,
                         Backward backward);

}  // namespace kd
