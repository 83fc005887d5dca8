// Logits that need not exist: hidden states and the head that would make them.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace kd {

// logits = soft_cap(scale · (hidden · headᵀ + bias)), rows in fp32. Either `dense` is defined, or
// `hidden` and `head` are. N counts rows: all positions of a batch, flattened as [B·T].
struct LazyLogits {
  at::Tensor dense;   // [N, V]: the logits themselves; what follows is not applied to them
  at::Tensor hidden;  // [N, H]
  at::Tensor head;    // [V, H]
  at::Tensor bias;    // [V] or undefined
  double scale = 1.0;
  double soft_cap = 0;  // c: c·tanh(z/c); 0 is none

  bool defined() const { return dense.defined() || hidden.defined(); }
  int64_t rows() const;
  int64_t vocabulary() const;
  // Whether any of the tensors behind it takes part in a gradient.
  bool requires_grad() const;
  // Rows [begin, end) as a view: the same head, no copy.
  LazyLogits slice(int64_t begin, int64_t end) const;
  // [N, V] in fp32, differentiable. The costly way: only for objectives that need the matrix.
  at::Tensor materialise() const;

  static LazyLogits from_dense(at::Tensor logits);  // [..., V], flattened to [N, V]
};

}  // namespace kd
