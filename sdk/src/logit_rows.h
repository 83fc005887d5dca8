// Logits made a chunk of rows at a time, and the way back of their gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "kd/logits.h"
#include "sdk/src/counted_rows.h"

namespace kd {

// Some rows of LazyLogits. Costs no [N, V] memory. Everything here runs without a graph.
class LogitRows {
 public:
  // Values are made in `type`. Rows that `counted` masks become zero rows, so that a NaN in
  // padding goes nowhere.
  LogitRows(const LazyLogits& source, const CountedRows& counted, at::ScalarType type);

  int64_t count() const { return count_; }
  int64_t vocabulary() const { return vocabulary_; }
  at::ScalarType type() const { return type_; }
  at::Device device() const;
  // At least 256 (fewer halve the throughput of the products), more for small vocabularies.
  int64_t rows_per_chunk() const;

  // Rows [begin, end) of the chosen ones, [C, V]. May be a view of the source: do not write.
  at::Tensor chunk(int64_t begin, int64_t end) const;

 private:
  friend class LogitGradient;

  at::Tensor dense_chunk(int64_t begin, int64_t end) const;

  LazyLogits source_;  // detached; hidden states already chosen and converted
  at::Tensor index_;   // [M] on the source's device, undefined: all
  at::Tensor keep_;    // [N] bool, undefined: all
  at::ScalarType type_;
  int64_t count_ = 0;
  int64_t vocabulary_ = 0;
};

// What of these logits takes a gradient: dense, or hidden, head, bias, in this order.
std::vector<at::Tensor> differentiable(const LazyLogits& logits);

// Where gradients gather: one buffer for each tensor, however many logits are made from it (both
// sides of a preference pair share the head), in the type that logits are computed in.
class GradientStore {
 public:
  // Zeros of the tensor's shape at the first call, the same buffer afterwards. Undefined when the
  // tensor is, or takes no gradient.
  at::Tensor buffer(const at::Tensor& tensor, at::ScalarType type);

  std::vector<at::Tensor> inputs() const;  // in order of their first use
  std::vector<at::Tensor> gradients();     // parallel to inputs(), in the inputs' types

 private:
  struct Entry {
    at::Tensor input;
    at::Tensor gradient;
  };
  std::vector<Entry> entries_;
};

// Takes d loss / d logits of LogitRows chunk by chunk to hidden states, head and bias.
class LogitGradient {
 public:
  // `original` still has its graph: it says what takes gradients.
  LogitGradient(const LazyLogits& original, const LogitRows& rows, GradientStore& store);

  // dz [C, V] is overwritten; z is what chunk(begin, end) gave.
  void add(int64_t begin, int64_t end, at::Tensor dz, const at::Tensor& z);

 private:
  void add_dense(int64_t begin, int64_t end, const at::Tensor& dz);
  void add_hidden(int64_t begin, int64_t end, const at::Tensor& dz);

  const LogitRows& rows_;
  at::Tensor dense_;  // gradient buffers, undefined where there is none to take
  at::Tensor hidden_;
  at::Tensor head_;
  at::Tensor bias_;
};

}  // namespace kd
