#include "kd/layers/attention_plan.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/all.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/cumsum.h>
#include <ATen/ops/le.h>
#include <ATen/ops/zeros.h>

#include <limits>

namespace kd {

bool is_right_padded(const at::Tensor& attention_mask) {
  const int64_t columns = attention_mask.size(1);
  if (columns < 2) return true;
  const at::Tensor before = attention_mask.narrow(1, 0, columns - 1);
  const at::Tensor after = attention_mask.narrow(1, 1, columns - 1);
  return after.le(before).all().item<bool>();
}

at::Tensor positions_of(const at::Tensor& attention_mask) {
  return (attention_mask.cumsum(1, at::kLong) - 1).clamp_min(0);
}

AttentionMask causal_mask(int64_t offset, int64_t columns, const at::Tensor& valid, int64_t window,
                          const c10::TensorOptions& options) {
  const int64_t keys = offset + columns;
  const bool limited = window > 0 && window < keys;
  if (!valid.defined() && !limited) {
    if (columns == 1) return {};
    if (offset == 0) return {.causal = true, .bias = {}};
  }
  const auto integers = options.dtype(at::kLong);
  const at::Tensor query = at::arange(offset, keys, integers).unsqueeze(1);  // [T, 1]
  const at::Tensor key = at::arange(keys, integers);                         // [S]
  at::Tensor allowed = key <= query;                                         // [T, S]
  if (limited) allowed = allowed & (key > query - window);
  if (valid.defined()) {
    allowed = allowed & (valid.unsqueeze(1) | (key == query));  // [B, T, S]
    allowed = allowed.unsqueeze(1);
  } else {
    allowed = allowed.view({1, 1, columns, keys});
  }
  at::Tensor bias = at::zeros(allowed.sizes(), options);
  bias.masked_fill_(~allowed, -std::numeric_limits<double>::infinity());
  return {.causal = false, .bias = bias};
}

}  // namespace kd
