// Weights in Hugging Face folders.
#pragma once

#include <filesystem>

#include "kd/tensors.h"

namespace causal_lm {

// All tensors of model.safetensors, or of the shards that model.safetensors.index.json lists.
// Throws kd::Error(kCheckpoint) naming the file.
kd::TensorMap read_weights(const std::filesystem::path& folder);

// kd::Error(kCheckpoint) naming the first tensor that has a NaN or an infinity.
void require_finite(const kd::TensorMap& tensors, const std::filesystem::path& folder);

}  // namespace causal_lm
