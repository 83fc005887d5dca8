// What the attention layers of one forward share: who may look at whom, and rotations.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "kd/layers/rotary.h"

namespace kd {

// Which positions a query of one layer sees.
struct AttentionMask {
  // Query t sees keys 0 … t, and there is nothing else to say: no tensor is needed.
  bool causal = false;
  // Added to the scores: 0 or -inf, [1 or B, 1, T, S]. Undefined: nothing to hide.
  at::Tensor bias;
};

// The T new columns of a batch, after `offset` columns that lie in the cache. Built once a forward.
struct AttentionPlan {
  int64_t offset = 0;                      // columns before the new ones
  std::vector<RotaryAngles> rotary;        // by the layers' rotary index; for the T new columns
  std::map<int64_t, AttentionMask> masks;  // by the layers' window (0: unlimited)
};

// Whether every row of a mask [B, T] (1: real) has its padding on the right only. With causal
// attention no real position sees such padding, so that it needs no mask.
bool is_right_padded(const at::Tensor& attention_mask);

// Positions of columns that may be padded on the left: [B, T] int64, cumulative sum of the mask
// - 1.
at::Tensor positions_of(const at::Tensor& attention_mask);

// Queries are columns offset … offset+T-1, keys are columns 0 … offset+T-1. `valid`: [B, S] bool,
// false at padding, or undefined. A query always sees itself, so that a row of padding stays
// finite. `window`: how many keys back a query sees, itself included; 0 is all.
AttentionMask causal_mask(int64_t offset, int64_t columns, const at::Tensor& valid, int64_t window,
                          const c10::TensorOptions& options);

}  // namespace kd
