#include "kd/layers/attention.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/repeat_interleave.h>
#include <ATen/ops/scaled_dot_product_attention.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/tanh.h>

#include <array>
#include <cmath>

#include "sdk/src/layers/fused.h"

namespace kd {
namespace {

// Puts new keys or values into the buffer; returns all columns so far.
at::Tensor store(at::Tensor& buffer, const at::Tensor& fresh, int64_t offset) {
  const int64_t columns = fresh.size(2);
  buffer.narrow(2, offset, columns).copy_(fresh);
  return buffer.narrow(2, 0, offset + columns);
}

// Hides the future in scores [B, h, T, S].
at::Tensor hide(const at::Tensor& scores, const AttentionMask& mask) {
  if (mask.bias.defined()) return scores + mask.bias;
  if (!mask.causal) return scores;
  const auto bits = scores.options().dtype(at::kBool);
  const at::Tensor seen = at::ones({scores.size(2), scores.size(3)}, bits).tril();
  return scores.masked_fill(~seen, -std::numeric_limits<double>::infinity());
}

}  // namespace

Attention::Attention(const AttentionConfig& config, const c10::TensorOptions& options)
    : config_(config),
      q_({config.hidden, config.heads * config.head_dim, config.qkv_bias}, options),
      k_({config.hidden, config.kv_heads * config.head_dim, config.qkv_bias}, options),
      v_({config.hidden, config.kv_heads * config.head_dim, config.qkv_bias}, options),
      o_({config.heads * config.head_dim, config.hidden, config.output_bias}, options) {
  if (config_.scale == 0) config_.scale = 1 / std::sqrt(static_cast<double>(config.head_dim));
  add_child("q", q_);
  add_child("k", k_);
  add_child("v", v_);
  add_child("o", o_);
  add_tap("map");
  if (config.qk_norm == QkNorm::kNone) return;
  const bool whole = config.qk_norm == QkNorm::kWhole;
  const int64_t q_width = config.head_dim * (whole ? config.heads : 1);
  const int64_t k_width = config.head_dim * (whole ? config.kv_heads : 1);
  q_norm_ = std::make_unique<RmsNorm>(q_width, config.norm_eps, options);
  k_norm_ = std::make_unique<RmsNorm>(k_width, config.norm_eps, options);
  add_child("q_norm", *q_norm_);
  add_child("k_norm", *k_norm_);
}

JoinedLinear Attention::join() const {
  return join_linear(std::array<const Linear*, 3>{&q_, &k_, &v_});
}

Attention::Heads Attention::split_joined(const at::Tensor& x, const RotaryAngles* angles,
                                         const JoinedLinear& joined) const {
  const int64_t h = config_.heads;
  const int64_t kv = config_.kv_heads;
  const at::Tensor all = at::linear(x, joined.weight, joined.bias)
                             .view({x.size(0), x.size(1), h + 2 * kv, config_.head_dim});
  at::Tensor qk = all.narrow(2, 0, h + kv);  // queries and keys turn together
  if (angles != nullptr) qk = angles->rotate(qk);
  return {qk.narrow(2, 0, h).transpose(1, 2), qk.narrow(2, h, kv).transpose(1, 2),
          all.narrow(2, h + kv, kv).transpose(1, 2)};
}

Attention::Heads Attention::project(const at::Tensor& x, const RotaryAngles* angles,
                                    const JoinedLinear* joined, ForwardContext& context) const {
  const bool plain = q_norm_ == nullptr && !tapped_inside(context);
  if (plain && joined != nullptr && joined->weight.defined()) {
    return split_joined(x, angles, *joined);
  }
  const auto split = [&](at::Tensor y) {
    return y.view({x.size(0), x.size(1), -1, config_.head_dim});
  };
  const auto head = [&](const Linear& linear, const RmsNorm* norm) {
    at::Tensor y = linear(x, context);
    if (norm != nullptr && config_.qk_norm == QkNorm::kWhole) y = (*norm)(y, context);
    y = split(y);
    if (norm != nullptr && config_.qk_norm == QkNorm::kHead) y = (*norm)(y, context);
    return (angles != nullptr ? angles->rotate(y) : y).transpose(1, 2);
  };
  at::Tensor q = head(q_, q_norm_.get());
  at::Tensor k = head(k_, k_norm_.get());
  return {q, k, split(v_(x, context)).transpose(1, 2)};
}

at::Tensor Attention::attend(const Heads& heads, const AttentionMask& mask) const {
  const bool grouped = config_.heads != config_.kv_heads;
  const auto bias = mask.bias.defined() ? std::optional(mask.bias) : std::nullopt;
  return at::scaled_dot_product_attention(heads.q, heads.k, heads.v, bias, 0, mask.causal,
                                          config_.scale, grouped);
}

at::Tensor Attention::attend_eagerly(const Heads& heads, const AttentionMask& mask,
                                     ForwardContext& context) const {
  const int64_t group = config_.heads / config_.kv_heads;
  const at::Tensor map = tap(context, "map", [&] {
    const at::Tensor k = at::repeat_interleave(heads.k, group, 1);
    at::Tensor scores = at::matmul(heads.q, k.transpose(2, 3)) * config_.scale;
    if (config_.soft_cap > 0) scores = (scores / config_.soft_cap).tanh() * config_.soft_cap;
    return at::softmax(hide(scores, mask), -1);
  });
  return at::matmul(map, at::repeat_interleave(heads.v, group, 1));
}

at::Tensor Attention::operator()(const at::Tensor& x, const AttentionPlan& plan, LayerCache* cache,
                                 const JoinedLinear* joined, ForwardContext& context) const {
  return tap(context, [&] {
    const RotaryAngles* angles =
        config_.rotary < 0 ? nullptr : &plan.rotary.at(static_cast<size_t>(config_.rotary));
    const AttentionMask& mask = plan.masks.at(config_.window);
    Heads heads = project(x, angles, joined, context);
    if (cache != nullptr) {
      heads.k = store(cache->keys, heads.k, plan.offset);
      heads.v = store(cache->values, heads.v, plan.offset);
    }
    at::Tensor mixed;
    if (config_.soft_cap > 0 || tapped(context, "map")) {
      mixed = attend_eagerly(heads, mask, context);
    } else if (cache != nullptr && heads.q.size(2) == 1) {
      // Faster than the fused kernel, which is made for many queries.
      mixed = attend_with_one_query(heads.q, heads.k, heads.v, config_.scale, mask.bias);
    } else {
      mixed = attend(heads, mask);
    }
    return o_(mixed.transpose(1, 2).reshape({x.size(0), x.size(1), -1}), context);
  });
}

}  // namespace kd
