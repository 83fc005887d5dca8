#include "kd/logits.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/tanh.h>

#include "kd/error.h"
#include "kd/tensors.h"
#include "sdk/src/compute_type.h"

namespace kd {

int64_t LazyLogits::rows() const { return dense.defined() ? dense.size(0) : hidden.size(0); }

int64_t LazyLogits::vocabulary() const { return dense.defined() ? dense.size(1) : head.size(0); }

bool LazyLogits::requires_grad() const {
  for (const at::Tensor* tensor : {&dense, &hidden, &head, &bias}) {
    if (tensor->defined() && tensor->requires_grad()) return true;
  }
  return false;
}

LazyLogits LazyLogits::slice(int64_t begin, int64_t end) const {
  LazyLogits out = *this;
  if (dense.defined()) out.dense = dense.narrow(0, begin, end - begin);
  if (hidden.defined()) out.hidden = hidden.narrow(0, begin, end - begin);
  return out;
}

at::Tensor LazyLogits::materialise() const {
  const at::ScalarType type = compute_type(*this);
  if (dense.defined()) return dense.to(type);
  at::Tensor out =
      at::linear(hidden.to(type), head.to(type), bias.defined() ? bias.to(type) : bias);
  if (scale != 1.0) out = out * scale;
  if (soft_cap > 0) out = at::tanh(out / soft_cap) * soft_cap;
  return out;
}

LazyLogits LazyLogits::from_dense(at::Tensor logits) {
  if (logits.dim() < 2) {
    throw Error(ErrorCode::kPlugin,
                cat("logits: expected [..., V], got ", describe_tensor(logits)));
  }
  LazyLogits out;
  out.dense = logits.dim() == 2 ? std::move(logits) : logits.flatten(0, -2);
  return out;
}

}  // namespace kd
