// Grouped-query causal self-attention with rotary positions.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <memory>

#include "kd/layers/attention_plan.h"
#include "kd/layers/decode_cache.h"
#include "kd/layers/linear.h"
#include "kd/layers/rms_norm.h"
#include "kd/module.h"

namespace kd {

enum class QkNorm {
  kNone,
  kHead,   // each head of queries and keys by itself (Qwen3, Gemma3)
  kWhole,  // all heads together, before they are split (OLMo2)
};

struct AttentionConfig {
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t head_dim = 0;
  bool qkv_bias = false;
  bool output_bias = false;
  double scale = 0;     // of the scores; 0 is 1/sqrt(head_dim)
  double soft_cap = 0;  // c·tanh(score/c); 0 is none
  int64_t window = 0;   // how many keys back a query sees, itself included; 0 is all
  int64_t rotary = 0;   // index into AttentionPlan::rotary; -1: no rotation
  QkNorm qk_norm = QkNorm::kNone;
  double norm_eps = 1e-6;
};

// Children: q, k, v, o and, by configuration, q_norm, k_norm. Tap "map": the attention weights
// [B, heads, T, S]; looking at it takes the eager path, which materialises them.
class Attention : public Module {
 public:
  Attention(const AttentionConfig& config, const c10::TensorOptions& options);
  // x: [B, T, hidden] -> [B, T, hidden]. With a cache the new keys and values are put into it, and
  // queries see all of it. `joined` is join() kept from before, or null.
  at::Tensor operator()(const at::Tensor& x, const AttentionPlan& plan, LayerCache* cache,
                        const JoinedLinear* joined, ForwardContext& context) const;
  // q, k and v as one matrix.
  JoinedLinear join() const;

 private:
  struct Heads {
    at::Tensor q;  // [B, heads, T, D]
    at::Tensor k;  // [B, kv_heads, S, D]
    at::Tensor v;  // [B, kv_heads, S, D]
  };

  Heads project(const at::Tensor& x, const RotaryAngles* angles, const JoinedLinear* joined,
                ForwardContext& context) const;
  Heads split_joined(const at::Tensor& x, const RotaryAngles* angles,
                     const JoinedLinear& joined) const;
  at::Tensor attend(const Heads& heads, const AttentionMask& mask) const;
  at::Tensor attend_eagerly(const Heads& heads, const AttentionMask& mask,
                            ForwardContext& context) const;

  AttentionConfig config_;
  Linear q_;
  Linear k_;
  Linear v_;
  Linear o_;
  std::unique_ptr<RmsNorm> q_norm_;
  std::unique_ptr<RmsNorm> k_norm_;
};

}  // namespace kd
