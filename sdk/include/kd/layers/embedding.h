// Token embeddings.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include "kd/module.h"

namespace kd {

// Parameter: weight [count, width].
class Embedding : public Module {
 public:
  Embedding(int64_t count, int64_t width, const c10::TensorOptions& options);
  // ids: [B, T] int64 -> [B, T, width]. On the CPU an id outside of 0 … count-1 is
  // kd::Error(kData); on a GPU LibTorch's own assertion reports it.
  at::Tensor operator()(const at::Tensor& ids, ForwardContext& context) const;

  const at::Tensor& weight() const { return weight_; }

 private:
  void check(const at::Tensor& ids) const;

  at::Tensor weight_;
};

}  // namespace kd
