// Rotary position embeddings (Su et al. 2021), in the half-split layout of Hugging Face models.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>

#include "kd/value.h"

namespace kd {

struct RotaryConfig {
  double theta = 10000.0;
  std::string type = "default";  // "default" or "llama3"
  double factor = 1.0;           // llama3 (and below): how much longer than the original
  double low_frequency_factor = 1.0;
  double high_frequency_factor = 4.0;
  int64_t original_positions = 0;

  // From a Hugging Face config.json: "rope_parameters", or "rope_theta" with "rope_scaling".
  // Throws kd::Error(kCheckpoint) that names a type this code does not know.
  static RotaryConfig from_hf(const Value& config);
  // The value of "rope_parameters".
  Value::Map to_hf() const;
};

// Angles of rotation for some positions, ready to multiply: `sin` carries the sign of the half
// that it meets, so that rotating is x·cos + roll(x, D/2)·sin.
struct RotaryAngles {
  at::Tensor cos;  // [T, 1, D] or [B, T, 1, D]
  at::Tensor sin;  // the same shape

  // x: [B, T, heads, D] -> the same shape.
  at::Tensor rotate(const at::Tensor& x) const;
  // The angles of columns [begin, begin + count) of T.
  RotaryAngles slice(int64_t begin, int64_t count) const;
};

// positions: [T] or [B, T] integers. Angles are computed in fp32, as the models were trained.
RotaryAngles rotary_angles(const RotaryConfig& config, int64_t head_dim,
                           const at::Tensor& positions, c10::ScalarType dtype);

}  // namespace kd
