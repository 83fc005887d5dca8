#include "sdk/src/logit_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/addmm.h>
#include <ATen/ops/index_copy.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/masked_fill.h>
#include <ATen/ops/mm.h>
#include <ATen/ops/sum.h>
#include <ATen/ops/zeros.h>

#include <algorithm>

namespace kd {
namespace {

// A chunk's logits: small enough for the cache on CPUs, large enough to keep a GPU busy.
constexpr int64_t kChunkElementsCpu = int64_t{1} << 19;
constexpr int64_t kChunkElementsGpu = int64_t{1} << 25;
constexpr int64_t kMinimumRows = 256;

at::Tensor without_graph(const at::Tensor& tensor) {
  return tensor.defined() ? tensor.detach() : tensor;
}

at::Tensor converted(const at::Tensor& tensor, at::ScalarType type) {
  return tensor.defined() ? tensor.to(type) : tensor;
}

// Rows that do not count are replaced, not multiplied: NaN · 0 would stay NaN.
at::Tensor cleared(const at::Tensor& rows, const at::Tensor& keep) {
  return keep.defined() ? rows.masked_fill(keep.logical_not().unsqueeze(1), 0) : rows;
}

}  // namespace

LogitRows::LogitRows(const LazyLogits& source, const CountedRows& counted, at::ScalarType type)
    : source_(source),
      keep_(counted.keep),
      type_(type),
      count_(counted.index.defined() ? counted.index.size(0) : source.rows()),
      vocabulary_(source.vocabulary()) {
  if (counted.index.defined()) index_ = counted.index.to(device());
  source_.dense = without_graph(source_.dense);
  source_.hidden = without_graph(source_.hidden);
  source_.head = converted(without_graph(source_.head), type_);
  source_.bias = converted(without_graph(source_.bias), type_);
  if (source_.dense.defined()) return;
  if (index_.defined()) source_.hidden = source_.hidden.index_select(0, index_);
  source_.hidden = cleared(source_.hidden.to(type_), keep_);
}

at::Device LogitRows::device() const {
  return source_.dense.defined() ? source_.dense.device() : source_.hidden.device();
}

int64_t LogitRows::rows_per_chunk() const {
  const int64_t elements = device().is_cpu() ? kChunkElementsCpu : kChunkElementsGpu;
  const int64_t wanted = std::max(kMinimumRows, elements / std::max<int64_t>(1, vocabulary_));
  const int64_t chunks = std::max<int64_t>(1, (count_ + wanted - 1) / wanted);
  return std::max<int64_t>(1, (count_ + chunks - 1) / chunks);
}

at::Tensor LogitRows::dense_chunk(int64_t begin, int64_t end) const {
  const int64_t length = end - begin;
  if (index_.defined()) {
    return source_.dense.index_select(0, index_.narrow(0, begin, length)).to(type_);
  }
  const at::Tensor rows = source_.dense.narrow(0, begin, length).to(type_);
  return keep_.defined() ? cleared(rows, keep_.narrow(0, begin, length)) : rows;
}

at::Tensor LogitRows::chunk(int64_t begin, int64_t end) const {
  if (source_.dense.defined()) return dense_chunk(begin, end);
  const at::Tensor hidden = source_.hidden.narrow(0, begin, end - begin);
  at::Tensor z = source_.bias.defined() ? at::addmm(source_.bias, hidden, source_.head.t())
                                        : at::mm(hidden, source_.head.t());
  if (source_.scale != 1.0) z.mul_(source_.scale);
  if (source_.soft_cap > 0) z.div_(source_.soft_cap).tanh_().mul_(source_.soft_cap);
  return z;
}

std::vector<at::Tensor> differentiable(const LazyLogits& logits) {
  std::vector<at::Tensor> out;
  const auto take = [&](const at::Tensor& tensor) {
    if (tensor.defined() && tensor.requires_grad()) out.push_back(tensor);
  };
  if (logits.dense.defined()) {
    take(logits.dense);
    return out;
  }
  for (const at::Tensor* tensor : {&logits.hidden, &logits.head, &logits.bias}) take(*tensor);
  return out;
}

at::Tensor GradientStore::buffer(const at::Tensor& tensor, at::ScalarType type) {
  if (!tensor.defined() || !tensor.requires_grad()) return {};
  for (const Entry& entry : entries_) {
    if (entry.input.is_same(tensor)) return entry.gradient;
  }
  entries_.push_back({tensor, at::zeros(tensor.sizes(), tensor.options().dtype(type))});
  return entries_.back().gradient;
}

std::vector<at::Tensor> GradientStore::inputs() const {
  std::vector<at::Tensor> out;
  for (const Entry& entry : entries_) out.push_back(entry.input);
  return out;
}

std::vector<at::Tensor> GradientStore::gradients() {
  std::vector<at::Tensor> out;
  for (Entry& entry : entries_) {
    out.push_back(entry.gradient.to(entry.input.scalar_type()));
    entry.gradient.reset();
  }
  return out;
}

LogitGradient::LogitGradient(const LazyLogits& original, const LogitRows& rows,
                             GradientStore& store)
    : rows_(rows) {
  if (original.dense.defined()) {
    // As large as the logits themselves, so in their type; its rows are written once.
    dense_ = store.buffer(original.dense, original.dense.scalar_type());
    return;
  }
  hidden_ = store.buffer(original.hidden, rows.type());
  head_ = store.buffer(original.head, rows.type());
  bias_ = store.buffer(original.bias, rows.type());
}

void LogitGradient::add(int64_t begin, int64_t end, at::Tensor dz, const at::Tensor& z) {
  if (rows_.source_.dense.defined()) {
    add_dense(begin, end, dz);
    return;
  }
  const double cap = rows_.source_.soft_cap;
  if (cap > 0) {
    // d cap·tanh(x/cap) / dx = 1 - (z/cap)², z being the capped value.
    dz.sub_(dz * z.square().div_(cap * cap));
  }
  if (rows_.source_.scale != 1.0) dz.mul_(rows_.source_.scale);
  add_hidden(begin, end, dz);
}

void LogitGradient::add_dense(int64_t begin, int64_t end, const at::Tensor& dz) {
  if (!dense_.defined()) return;
  if (rows_.index_.defined()) {
    dense_.index_add_(0, rows_.index_.narrow(0, begin, end - begin), dz.to(dense_.scalar_type()));
  } else {
    dense_.narrow(0, begin, end - begin).add_(dz);
  }
}

void LogitGradient::add_hidden(int64_t begin, int64_t end, const at::Tensor& dz) {
  const int64_t length = end - begin;
  if (hidden_.defined() && rows_.index_.defined()) {
    hidden_.index_add_(0, rows_.index_.narrow(0, begin, length), at::mm(dz, rows_.source_.head));
  } else if (hidden_.defined()) {
    hidden_.narrow(0, begin, length).addmm_(dz, rows_.source_.head);
  }
  if (head_.defined()) head_.addmm_(dz.t(), rows_.source_.hidden.narrow(0, begin, length));
  if (bias_.defined()) bias_.add_(at::sum(dz, 0));
}

}  // namespace kd
