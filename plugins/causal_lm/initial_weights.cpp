#include "initial_weights.h"

#include <ATen/core/grad_mode.h>

#include <cmath>

#include "kd/random_tensors.h"

namespace causal_lm {
namespace {

double deviation(const kd::NamedTensor& parameter, size_t layers) {
  const std::string& name = parameter.name;
  if (name == "embed.weight" || name == "head.weight") return 0.02;
  const double even = 1 / std::sqrt(static_cast<double>(parameter.tensor.size(1)));
  const bool residual = name.ends_with(".o.weight") || name.ends_with(".down.weight");
  return residual ? even / std::sqrt(2.0 * static_cast<double>(layers)) : even;
}

}  // namespace

void fill_initial_weights(const kd::Decoder& decoder, const kd::RandomStream& random) {
  const at::NoGradGuard no_grad;
  for (const kd::NamedTensor& parameter : decoder.named_parameters()) {
    if (parameter.tensor.dim() < 2) {
      parameter.tensor.fill_(parameter.name.ends_with("bias") ? 0 : 1);
      continue;
    }
    kd::RandomStream stream = random.child(parameter.name);
    kd::fill_normal(parameter.tensor, stream, 0,
                    deviation(parameter, decoder.config().layers.size()));
  }
}

}  // namespace causal_lm
