// The type that a divergence is computed in, whatever the matrices are kept in.
#pragma once

#include <c10/core/ScalarType.h>

#include "kd/logits.h"

namespace kd {

// fp32 for fp32, bf16 and fp16; fp64 stays (gradient checks need it).
inline c10::ScalarType compute_type(const at::Tensor& tensor) {
  return tensor.scalar_type() == c10::kDouble ? c10::kDouble : c10::kFloat;
}

inline c10::ScalarType compute_type(const LazyLogits& logits) {
  return compute_type(logits.dense.defined() ? logits.dense : logits.hidden);
}

}  // namespace kd
