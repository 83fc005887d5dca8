#include "kd/layers/embedding.h"

#include <ATen/ops/aminmax.h>
#include <ATen/ops/embedding.h>

#include "kd/error.h"
#include "kd/layers/linear.h"

namespace kd {

Embedding::Embedding(int64_t count, int64_t width, const c10::TensorOptions& options)
    : weight_(make_parameter({count, width}, options)) {
  add_parameter("weight", weight_);
}

void Embedding::check(const at::Tensor& ids) const {
  if (!ids.is_cpu() || ids.numel() == 0) return;  // on a GPU looking would mean waiting
  const auto [low, high] = at::aminmax(ids);
  const int64_t lowest = low.item<int64_t>();
  const int64_t highest = high.item<int64_t>();
  if (lowest >= 0 && highest < weight_.size(0)) return;
  throw Error(ErrorCode::kData,
              cat("token id ", lowest < 0 ? lowest : highest, " is outside of the vocabulary of ",
                  weight_.size(0)),
              "the rows were encoded with another tokenizer than the model's");
}

at::Tensor Embedding::operator()(const at::Tensor& ids, ForwardContext& context) const {
  return tap(context, [&] {
    check(ids);
    return at::embedding(weight_, ids);
  });
}

}  // namespace kd
