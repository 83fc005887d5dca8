#include "kd/layers/decoder_layer.h"

#include <ATen/TensorOperators.h>

namespace kd {

DecoderLayer::DecoderLayer(const DecoderLayerConfig& config, const c10::TensorOptions& options)
    : attention_(config.attention, options), mlp_(config.mlp, options) {
  const auto add_norm = [&](std::unique_ptr<RmsNorm>& norm, const char* name) {
    norm = std::make_unique<RmsNorm>(config.attention.hidden, config.norm_eps, options);
    add_child(name, *norm);
  };
  if (config.norm_before) add_norm(attention_norm_, "attention_norm");
  add_child("attention", attention_);
  if (config.norm_after) add_norm(attention_post_norm_, "attention_post_norm");
  if (config.norm_before) add_norm(mlp_norm_, "mlp_norm");
  add_child("mlp", mlp_);
  if (config.norm_after) add_norm(mlp_post_norm_, "mlp_post_norm");
}

void DecoderLayer::prepare(LayerCache& cache) const {
  cache.qkv = attention_.join();
  cache.gate_up = mlp_.join();
}

at::Tensor DecoderLayer::operator()(const at::Tensor& x, const AttentionPlan& plan,
                                    LayerCache* cache, ForwardContext& context) const {
  return tap(context, [&] {
    const JoinedLinear* qkv = cache == nullptr ? nullptr : &cache->qkv;
    const JoinedLinear* gate_up = cache == nullptr ? nullptr : &cache->gate_up;
    const at::Tensor mixed =
        attention_(normed(attention_norm_, x, context), plan, cache, qkv, context);
    const at::Tensor y = x + normed(attention_post_norm_, mixed, context);
    const at::Tensor fed = mlp_(normed(mlp_norm_, y, context), gate_up, context);
    return y + normed(mlp_post_norm_, fed, context);
  });
}

}  // namespace kd
