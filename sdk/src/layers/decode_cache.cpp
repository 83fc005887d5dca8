#include "kd/layers/decode_cache.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/all.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/clamp_min.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/sum.h>

#include "kd/error.h"

namespace kd {
namespace {

at::Tensor make_buffer(const DecodeCacheShape& shape, const c10::TensorOptions& options) {
  return at::empty({shape.batch, shape.kv_heads, shape.capacity, shape.head_dim}, options);
}

}  // namespace

DecodeCache::DecodeCache(const DecodeCacheShape& shape, const c10::TensorOptions& options)
    : shape_(shape), options_(options) {
  for (int64_t i = 0; i < shape.layers; ++i) {
    layers_.push_back({make_buffer(shape, options), make_buffer(shape, options), {}, {}});
  }
}

void DecodeCache::append(int64_t columns, const at::Tensor& attention_mask) {
  if (length_ + columns > shape_.capacity) {
    throw Error(
        ErrorCode::kInternal,
        cat("the cache holds ", shape_.capacity, " columns, ", length_ + columns, " are needed"),
        "ask start_decoding for prompt plus new tokens");
  }
  const bool padded = attention_mask.defined() && !attention_mask.all().item<bool>();
  if (padded && length_ > 0) {
    throw Error(ErrorCode::kInternal, "padding after the first columns of a decode",
                "pad prompts on the left, in the first call");
  }
  if (padded) {
    const at::Tensor real = attention_mask.to(at::kBool);
    valid_ = at::ones({shape_.batch, shape_.capacity}, options_.dtype(at::kBool));
    valid_.narrow(1, 0, columns).copy_(real);
    padding_ = columns - real.sum(1, true, at::kLong);
  }
  length_ += columns;
}

at::Tensor DecodeCache::valid() const {
  return valid_.defined() ? valid_.narrow(1, 0, length_) : at::Tensor();
}

at::Tensor DecodeCache::positions(int64_t columns) const {
  const at::Tensor columns_of = at::arange(length_ - columns, length_, options_.dtype(at::kLong));
  return padding_.defined() ? (columns_of - padding_).clamp_min(0) : columns_of;
}

void DecodeCache::select(const at::Tensor& rows) {
  shape_.batch = rows.size(0);
  for (LayerCache& layer : layers_) {
    for (at::Tensor* buffer : {&layer.keys, &layer.values}) {
      at::Tensor chosen = make_buffer(shape_, options_);
      chosen.narrow(2, 0, length_).copy_(buffer->narrow(2, 0, length_).index_select(0, rows));
      *buffer = chosen;
    }
  }
  if (!valid_.defined()) return;
  valid_ = valid_.index_select(0, rows);
  padding_ = padding_.index_select(0, rows);
}

}  // namespace kd
