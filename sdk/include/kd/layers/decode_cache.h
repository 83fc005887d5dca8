// Keys and values of a batch that is being decoded, in buffers made once.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <vector>

#include "kd/layers/linear.h"
#include "kd/layers/rotary.h"
#include "kd/model.h"

namespace kd {

// What one layer keeps between columns.
struct LayerCache {
  at::Tensor keys;    // [B, kv_heads, capacity, head_dim]
  at::Tensor values;  // the same
  JoinedLinear qkv;   // weights joined for this decode; they must not change meanwhile
  JoinedLinear gate_up;
};

struct DecodeCacheShape {
  int64_t batch = 0;
  int64_t capacity = 0;
  int64_t layers = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
};

class DecodeCache : public DecodeState {
 public:
  DecodeCache(const DecodeCacheShape& shape, const c10::TensorOptions& options);

  int64_t batch() const override { return shape_.batch; }
  int64_t length() const override { return length_; }
  void select(const at::Tensor& rows) override;

  LayerCache& layer(int64_t index) { return layers_.at(static_cast<size_t>(index)); }
  int64_t capacity() const { return shape_.capacity; }

  // Takes note of T new columns, before the layers run. `attention_mask`: [B, T] or undefined.
  // Throws kd::Error(kInternal) beyond the capacity or for another batch.
  void append(int64_t columns, const at::Tensor& attention_mask);
  // [B, length] bool, false at padding; undefined while no row has any.
  at::Tensor valid() const;
  // Positions of the newest `columns` columns: [B, columns], or [columns] without padding.
  at::Tensor positions(int64_t columns) const;

  // Rotations of all positions up to the capacity, by rotary index.
  std::vector<RotaryAngles> rotary;

 private:
  DecodeCacheShape shape_;
  c10::TensorOptions options_;
  int64_t length_ = 0;
  std::vector<LayerCache> layers_;
  at::Tensor valid_;    // [B, capacity] bool or undefined
  at::Tensor padding_;  // [B, 1] int64: columns of padding; undefined without
};

}  // namespace kd
