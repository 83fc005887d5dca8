#include "kd/layers/rotary.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cos.h>
#include <ATen/ops/neg.h>
#include <ATen/ops/sin.h>
#include <ATen/ops/tensor.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "kd/error.h"
#include "sdk/src/layers/fused.h"

namespace kd {
namespace {

double number_or(const Value& table, std::string_view key, double otherwise) {
  const Value* found = table.find(key);
  return found == nullptr || found->is_nil() ? otherwise : found->as_number();
}

// Llama 3.1: low frequencies are stretched by `factor`, high ones kept, those between blended.
float llama3_frequency(float frequency, const RotaryConfig& config) {
  const auto original = static_cast<double>(config.original_positions);
  const double low = config.low_frequency_factor;
  const double high = config.high_frequency_factor;
  const double wavelength = 2 * std::numbers::pi / static_cast<double>(frequency);
  const double stretched = static_cast<double>(frequency) / config.factor;
  if (wavelength > original / low) return static_cast<float>(stretched);
  if (wavelength < original / high) return frequency;
  const double smooth = (original / wavelength - low) / (high - low);
  return static_cast<float>((1 - smooth) * stretched + smooth * static_cast<double>(frequency));
}

// [D/2] angles per position.
std::vector<float> frequencies(const RotaryConfig& config, int64_t head_dim) {
  std::vector<float> all;
  for (int64_t i = 0; i < head_dim; i += 2) {
    const float exponent = static_cast<float>(i) / static_cast<float>(head_dim);
    const float frequency = 1.0F / std::pow(static_cast<float>(config.theta), exponent);
    all.push_back(config.type == "llama3" ? llama3_frequency(frequency, config) : frequency);
  }
  return all;
}

}  // namespace

RotaryConfig RotaryConfig::from_hf(const Value& config) {
  const Value empty{Value::Map{}};
  const Value* parameters = config.find("rope_parameters");
  if (parameters == nullptr) parameters = config.find("rope_scaling");
  if (parameters == nullptr || parameters->is_nil()) parameters = &empty;
  RotaryConfig rotary;
  rotary.theta = number_or(*parameters, "rope_theta", number_or(config, "rope_theta", 10000.0));
  const Value* type = parameters->find("rope_type");
  if (type == nullptr) type = parameters->find("type");
  if (type != nullptr) rotary.type = type->as_string();
  if (rotary.type == "llama3") {
    rotary.factor = number_or(*parameters, "factor", 8);
    rotary.low_frequency_factor = number_or(*parameters, "low_freq_factor", 1);
    rotary.high_frequency_factor = number_or(*parameters, "high_freq_factor", 4);
    rotary.original_positions =
        static_cast<int64_t>(number_or(*parameters, "original_max_position_embeddings", 8192));
  } else if (rotary.type != "default") {
    throw Error(ErrorCode::kCheckpoint, cat("unknown rope_type '", rotary.type, "'"),
                "known: default, llama3");
  }
  return rotary;
}

Value::Map RotaryConfig::to_hf() const {
  Value::Map out{{"rope_type", type}, {"rope_theta", theta}};
  if (type == "llama3") {
    out["factor"] = factor;
    out["low_freq_factor"] = low_frequency_factor;
    out["high_freq_factor"] = high_frequency_factor;
    out["original_max_position_embeddings"] = original_positions;
  }
  return out;
}

RotaryAngles rotary_angles(const RotaryConfig& config, int64_t head_dim,
                           const at::Tensor& positions, c10::ScalarType dtype) {
  const at::Tensor rates = at::tensor(frequencies(config, head_dim)).to(positions.device());
  const at::Tensor angles = positions.to(at::kFloat).unsqueeze(-1).unsqueeze(-1) * rates;
  const at::Tensor cos = angles.cos();
  const at::Tensor sin = angles.sin();
  return {at::cat({cos, cos}, -1).to(dtype), at::cat({sin.neg(), sin}, -1).to(dtype)};
}

at::Tensor RotaryAngles::rotate(const at::Tensor& x) const { return kd::rotate(x, cos, sin); }

RotaryAngles RotaryAngles::slice(int64_t begin, int64_t count) const {
  return {cos.narrow(-3, begin, count), sin.narrow(-3, begin, count)};
}

}  // namespace kd
