// Random tensors from counter-based streams: the same bits on every machine and device.
#pragma once

#include <ATen/core/Tensor.h>

#include "kd/random.h"
#include "kd/tensors.h"

namespace kd {

// Both overwrite `tensor` (floating, any shape, strides and device; a leaf that requires gradients
// too) in row-major order: the numbers are made in fp64 on the CPU and cast last. They advance
// `stream`. [any]
void fill_normal(const at::Tensor& tensor, RandomStream& stream, double mean = 0,
                 double stddev = 1);
// In [low, high) before the cast, which may round up to `high`.
void fill_uniform(const at::Tensor& tensor, RandomStream& stream, double low = 0, double high = 1);

}  // namespace kd
