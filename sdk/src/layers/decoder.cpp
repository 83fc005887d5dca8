#include "kd/layers/decoder.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/embedding.h>

namespace kd {

Decoder::Layers::Layers(const DecoderConfig& config, const c10::TensorOptions& options) {
  declare_chain();
  declare_group();
  for (const DecoderLayerConfig& layer : config.layers) {
    items.push_back(std::make_unique<DecoderLayer>(layer, options));
    add_child(std::to_string(items.size() - 1), *items.back());
  }
}

Decoder::Head::Head(const DecoderConfig& config, const c10::TensorOptions& options) {
  declare_group();
  if (!config.tied_head) weight = make_parameter({config.vocabulary, config.hidden}, options);
  add_parameter("weight", weight);
}

Decoder::Decoder(const DecoderConfig& config, const c10::TensorOptions& options)
    : config_(config),
      embed_(config.vocabulary, config.hidden, options),
      layers_(config, options),
      norm_(config.hidden, config.norm_eps, options),
      head_(config, options) {
  declare_chain();
  add_child("embed", embed_);
  add_child("layers", layers_);
  add_child("norm", norm_);
  add_child("head", head_);
}

const at::Tensor& Decoder::head_weight() const {
  return head_.weight.defined() ? head_.weight : embed_.weight();
}

void Decoder::add_masks(AttentionPlan& plan, int64_t columns, const at::Tensor& valid) const {
  for (const DecoderLayerConfig& layer : config_.layers) {
    const int64_t window = layer.attention.window;
    if (plan.masks.contains(window)) continue;
    plan.masks[window] = causal_mask(plan.offset, columns, valid, window, options());
  }
}

AttentionPlan Decoder::plan(int64_t columns, const at::Tensor& attention_mask) const {
  const bool plain = !attention_mask.defined() || is_right_padded(attention_mask);
  const at::Tensor positions =
      plain ? at::arange(columns, options().dtype(at::kLong)) : positions_of(attention_mask);
  AttentionPlan plan;
  for (const RotaryConfig& rotary : config_.rotary) {
    plan.rotary.push_back(rotary_angles(rotary, config_.layers.front().attention.head_dim,
                                        positions, options().dtype().toScalarType()));
  }
  add_masks(plan, columns, plain ? at::Tensor() : attention_mask.to(at::kBool));
  return plan;
}

at::Tensor Decoder::operator()(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                               ForwardContext& context) const {
  const at::Tensor& columns = input_ids.defined()
                                  ? input_ids
                                  : require_tensor(context.taps->replace, context.taps->start_at);
  const AttentionPlan shared = plan(columns.size(1), attention_mask);
  at::Tensor x = embed_(input_ids, context);
  for (const auto& layer : layers_.items) x = (*layer)(x, shared, nullptr, context);
  return norm_(x, context);
}

std::unique_ptr<DecodeCache> Decoder::start_decoding(int64_t batch, int64_t capacity) const {
  const at::NoGradGuard no_grad;
  const AttentionConfig& attention = config_.layers.front().attention;
  auto cache = std::make_unique<DecodeCache>(
      DecodeCacheShape{batch, capacity, static_cast<int64_t>(config_.layers.size()),
                       attention.kv_heads, attention.head_dim},
      options());
  for (size_t i = 0; i < layers_.items.size(); ++i) {
    layers_.items[i]->prepare(cache->layer(static_cast<int64_t>(i)));
  }
  const at::Tensor positions = at::arange(capacity, options().dtype(at::kLong));
  for (const RotaryConfig& rotary : config_.rotary) {
    cache->rotary.push_back(
        rotary_angles(rotary, attention.head_dim, positions, options().dtype().toScalarType()));
  }
  return cache;
}

AttentionPlan Decoder::plan_decode(int64_t columns, const DecodeCache& cache) const {
  AttentionPlan plan;
  plan.offset = cache.length() - columns;
  const at::Tensor valid = cache.valid();
  for (const RotaryAngles& angles : cache.rotary) {
    if (!valid.defined()) {
      plan.rotary.push_back(angles.slice(plan.offset, columns));
      continue;
    }
    const at::Tensor positions = cache.positions(columns);
    const auto at_positions = [&](const at::Tensor& table) {
      return at::embedding(table.flatten(1), positions).unsqueeze(2);  // [B, T, 1, D]
    };
    plan.rotary.push_back({at_positions(angles.cos), at_positions(angles.sin)});
  }
  add_masks(plan, columns, valid);
  return plan;
}

at::Tensor Decoder::decode(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                           DecodeCache& cache) const {
  const at::NoGradGuard no_grad;
  const int64_t columns = input_ids.size(1);
  cache.append(columns, attention_mask);
  const AttentionPlan shared = plan_decode(columns, cache);
  ForwardContext context;
  at::Tensor x = embed_(input_ids, context);
  for (size_t i = 0; i < layers_.items.size(); ++i) {
    x = (*layers_.items[i])(x, shared, &cache.layer(static_cast<int64_t>(i)), context);
  }
  return norm_(x.select(1, columns - 1), context);
}

}  // namespace kd
