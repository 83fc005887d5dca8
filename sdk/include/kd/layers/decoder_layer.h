// One layer of a transformer decoder: attention and feed-forward, each with its residual.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <memory>

#include "kd/layers/attention.h"
#include "kd/layers/gated_mlp.h"
#include "kd/layers/rms_norm.h"
#include "kd/module.h"

namespace kd {

struct DecoderLayerConfig {
  AttentionConfig attention;
  GatedMlpConfig mlp;
  double norm_eps = 1e-6;
  bool norm_before = true;  // x + f(norm(x)), as Llama does
  bool norm_after = false;  // x + norm(f(x)), as OLMo2 does; Gemma2 does both
};

// Children: attention, mlp and, by configuration, attention_norm, mlp_norm (before),
// attention_post_norm, mlp_post_norm (after).
class DecoderLayer : public Module {
 public:
  DecoderLayer(const DecoderLayerConfig& config, const c10::TensorOptions& options);
  // x: [B, T, hidden] -> [B, T, hidden].
  at::Tensor operator()(const at::Tensor& x, const AttentionPlan& plan, LayerCache* cache,
                        ForwardContext& context) const;
  // Joins matrices with a common input, for a decode.
  void prepare(LayerCache& cache) const;

 private:
  at::Tensor normed(const std::unique_ptr<RmsNorm>& norm, const at::Tensor& x,
                    ForwardContext& context) const {
    return norm == nullptr ? x : (*norm)(x, context);
  }

  Attention attention_;
  GatedMlp mlp_;
  std::unique_ptr<RmsNorm> attention_norm_;
  std::unique_ptr<RmsNorm> attention_post_norm_;
  std::unique_ptr<RmsNorm> mlp_norm_;
  std::unique_ptr<RmsNorm> mlp_post_norm_;
};

}  // namespace kd
