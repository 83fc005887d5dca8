#include "kd/layers/rms_norm.h"

#include "kd/layers/linear.h"
#include "sdk/src/layers/fused.h"

namespace kd {

RmsNorm::RmsNorm(int64_t width, double eps, const c10::TensorOptions& options)
    : weight_(make_parameter({width}, options)), eps_(eps) {
  add_parameter("weight", weight_);
}

at::Tensor RmsNorm::operator()(const at::Tensor& x, ForwardContext& context) const {
  return tap(context, [&] { return rms_norm(x, weight_, eps_); });
}

}  // namespace kd
