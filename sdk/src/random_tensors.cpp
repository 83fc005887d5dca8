#include "kd/random_tensors.h"

#include <ATen/ops/empty.h>

#include "kd/error.h"

namespace kd {
namespace {

// Draws in row-major order, whatever the strides, and casts last.
template <typename Draw>
void fill(const at::Tensor& tensor, const Draw& draw) {
  if (!tensor.defined() || !(tensor.is_floating_point())) {
    throw Error(ErrorCode::kInternal,
                cat("random numbers need a floating tensor, got ", describe_tensor(tensor)));
  }
  const at::Tensor drawn = at::empty(tensor.sizes(), at::TensorOptions().dtype(at::kDouble));
  double* const values = drawn.mutable_data_ptr<double>();
  for (int64_t i = 0; i < drawn.numel(); ++i) values[i] = draw();
  tensor.detach().copy_(drawn);
}

}  // namespace

void fill_normal(const at::Tensor& tensor, RandomStream& stream, double mean, double stddev) {
  fill(tensor, [&] { return mean + stddev * stream.normal(); });
}

void fill_uniform(const at::Tensor& tensor, RandomStream& stream, double low, double high) {
  fill(tensor, [&] { return low + (high - low) * stream.uniform(); });
}

}  // namespace kd
