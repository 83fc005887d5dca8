// Elementwise parts of layers in one pass over memory each, where that is possible (fp32 on the
// CPU); elsewhere the same in LibTorch's operators. Both are differentiable once.
#pragma once

#include <ATen/core/Tensor.h>

namespace kd {

// x / sqrt(mean(x²) + eps) · weight over the last dimension. x: [..., W], weight: [W].
at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps);

// silu(gate) · up. Both [..., W].
at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up);

// x·cos + roll(x, D/2)·sin. x: [B, T, heads, D]; cos, sin: [T, 1, D] or [B, T, 1, D], as
// RotaryAngles holds them; they take no gradient.
at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin);

// softmax(scale · q·kᵀ + bias)·v for a single column of queries, without gradient. q: [B, h, 1, D],
// k, v: [B, kv, S, D], bias: [1 or B, 1, 1, S] or undefined -> [B, h, 1, D].
at::Tensor attend_with_one_query(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 double scale, const at::Tensor& bias);

}  // namespace kd
