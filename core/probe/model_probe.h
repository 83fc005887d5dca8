// kdrun probe model: one forward of a model on given inputs, for plugin authors and parity tests.
#pragma once

#include <string>
#include <vector>

#include "core/plugin/registry.h"
#include "kd/model.h"
#include "kd/tensors.h"
#include "kd/value.h"

namespace kd::core {

struct ModelProbe {
  std::string role;                // "teacher" or "student"
  std::string name;                // the component: "causal_lm"
  Value::Map settings;             // its table
  std::vector<std::string> wants;  // "logits", "hidden.0", …, "loss", "grad.<parameter>"
  uint64_t seed = 0;
};

// `inputs`: "input_ids" [B, T] and optionally "attention_mask" [B, T]; "labels" [B, T] (aligned)
// for the loss, else the next tokens under the mask. Returns each want: logits [B, T, V],
// hidden.i [B, T, H], loss (mean cross-entropy in nats), gradients of it.
TensorMap probe_model(Registry& registry, const ModelProbe& probe, const TensorMap& inputs);

// Its parameters, outputs and shapes, as plain data.
Value describe_model_probe(Registry& registry, const ModelProbe& probe);

}  // namespace kd::core
