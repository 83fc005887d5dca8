// Named tensors: batches, model inputs and outputs, files.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <string_view>

namespace kd {

// Sorted by name. Used for batches, inputs, outputs and files alike.
using TensorMap = std::map<std::string, at::Tensor, std::less<>>;

// The tensor, or kd::Error(kPlugin) that lists what there is.
const at::Tensor& require_tensor(const TensorMap& tensors, std::string_view name);

// "float32 [2, 3, 8]", for messages.
std::string describe_tensor(const at::Tensor& tensor);

// Throws kd::Error(kPlugin) "student.logits: expected [B, T, V], got float32 [4, 7]" unless the
// tensor has `rank` dimensions. `meaning` is the expected shape in letters.
void require_rank(const at::Tensor& tensor, int64_t rank, std::string_view name,
                  std::string_view meaning);

}  // namespace kd
