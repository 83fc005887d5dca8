// A transformer decoder: token embeddings, layers, a last norm and the head's weight.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <memory>
#include <vector>

#include "kd/layers/decode_cache.h"
#include "kd/layers/decoder_layer.h"
#include "kd/layers/embedding.h"
#include "kd/layers/rms_norm.h"
#include "kd/layers/rotary.h"
#include "kd/module.h"

namespace kd {

struct DecoderConfig {
  int64_t vocabulary = 0;
  int64_t hidden = 0;
  bool tied_head = false;  // the head's weight is the embedding's
  double norm_eps = 1e-6;
  std::vector<RotaryConfig> rotary;  // layers name theirs by index
  std::vector<DecoderLayerConfig> layers;
};

// Children: embed, layers.0 …, norm and, unless tied, head. A chain up to `norm`: a forward can
// start at embed, at any layer and at norm. The head is no module call, because the logits are
// left to the caller (kd::LazyLogits).
class Decoder : public Module {
 public:
  Decoder(const DecoderConfig& config, const c10::TensorOptions& options);

  // input_ids [B, T] int64, attention_mask [B, T] (1: real; undefined: all) -> [B, T, hidden]
  // after the last norm. At padding the values are finite and mean nothing. A forward that starts
  // behind the embedding needs no input_ids.
  at::Tensor operator()(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                        ForwardContext& context) const;

  std::unique_ptr<DecodeCache> start_decoding(int64_t batch, int64_t capacity) const;
  // Appends T columns; returns the last column's hidden state after the last norm, [B, hidden].
  at::Tensor decode(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                    DecodeCache& cache) const;

  // [vocabulary, hidden]
  const at::Tensor& head_weight() const;
  const DecoderConfig& config() const { return config_; }

 private:
  // Layers as one child, so that paths read "layers.3".
  class Layers : public Module {
   public:
    Layers(const DecoderConfig& config, const c10::TensorOptions& options);
    std::vector<std::unique_ptr<DecoderLayer>> items;
  };
  // The weight of the head, whose product is the caller's.
  class Head : public Module {
   public:
    Head(const DecoderConfig& config, const c10::TensorOptions& options);
    at::Tensor weight;  // [vocabulary, hidden]; undefined when tied
  };

  AttentionPlan plan(int64_t columns, const at::Tensor& attention_mask) const;
  AttentionPlan plan_decode(int64_t columns, const DecodeCache& cache) const;
  void add_masks(AttentionPlan& plan, int64_t columns, const at::Tensor& valid) const;
  c10::TensorOptions options() const { return embed_.weight().options().requires_grad(false); }

  DecoderConfig config_;
  Embedding embed_;
  Layers layers_;
  RmsNorm norm_;
  Head head_;
};

}  // namespace kd
