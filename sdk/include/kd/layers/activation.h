// Activation functions by their Hugging Face names.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <string_view>

namespace kd {

enum class Activation { kSilu, kGelu, kGeluTanh, kRelu };

// "silu", "swish", "gelu", "gelu_new", "gelu_pytorch_tanh", "relu"; kd::Error(kCheckpoint) else.
Activation activation_from_hf(std::string_view name);
at::Tensor activate(const at::Tensor& x, Activation activation);

}  // namespace kd
