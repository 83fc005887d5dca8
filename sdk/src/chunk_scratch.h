// Work memory of a chunk loop: [C, V] tensors that are made once and used by every chunk.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>

#include <array>

namespace kd {

// kRatio is free between two divergences, so that it also holds what lives shortly there: logits
// divided by the temperature, and d loss / d logits of one temperature.
enum class Slot { kStudent, kTeacher, kRatio, kProbability, kMixture, kUpstream, kTotal, kCount };

class ChunkScratch {
 public:
  ChunkScratch(int64_t rows, int64_t vocabulary, at::TensorOptions options)
      : rows_(rows), vocabulary_(vocabulary), options_(options) {}

  // [rows, V] with undefined contents; the same memory at each call. rows ≤ the constructor's.
  at::Tensor get(Slot slot, int64_t rows) {
    at::Tensor& tensor = tensors_[static_cast<size_t>(slot)];
    if (!tensor.defined()) tensor = at::empty({rows_, vocabulary_}, options_);
    return tensor.narrow(0, 0, rows);
  }

 private:
  int64_t rows_;
  int64_t vocabulary_;
  at::TensorOptions options_;
  std::array<at::Tensor, static_cast<size_t>(Slot::kCount)> tensors_;
};

}  // namespace kd
