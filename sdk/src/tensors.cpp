#include "kd/tensors.h"

#include "kd/error.h"

namespace kd {
namespace {

std::string dtype_name(c10::ScalarType dtype) {
  switch (dtype) {
    case c10::ScalarType::Byte:
      return "uint8";
    case c10::ScalarType::Char:
      return "int8";
    case c10::ScalarType::Short:
      return "int16";
    case c10::ScalarType::Int:
      return "int32";
    case c10::ScalarType::Long:
      return "int64";
    case c10::ScalarType::Half:
      return "float16";
    case c10::ScalarType::BFloat16:
      return "bfloat16";
    case c10::ScalarType::Float:
      return "float32";
    case c10::ScalarType::Double:
      return "float64";
    case c10::ScalarType::Bool:
      return "bool";
    default:
      return c10::toString(dtype);
  }
}

}  // namespace

const at::Tensor& require_tensor(const TensorMap& tensors, std::string_view name) {
  const auto it = tensors.find(name);
  if (it != tensors.end()) return it->second;
  std::vector<std::string> names;
  for (const auto& [known, tensor] : tensors) names.push_back(known);
  throw Error(ErrorCode::kPlugin, cat("there is no tensor '", name, "'"),
              did_you_mean(name, names));
}

std::string describe_tensor(const at::Tensor& tensor) {
  if (!tensor.defined()) return "an undefined tensor";
  std::vector<std::string> sizes;
  for (const int64_t size : tensor.sizes()) sizes.push_back(std::to_string(size));
  const std::string place = tensor.device().is_cpu() ? "" : " on " + tensor.device().str();
  return cat(dtype_name(tensor.scalar_type()), " [", join(sizes), "]", place);
}

void require_rank(const at::Tensor& tensor, int64_t rank, std::string_view name,
                  std::string_view meaning) {
  if (tensor.defined() && tensor.dim() == rank) return;
  throw Error(ErrorCode::kPlugin,
              cat(name, ": expected ", meaning, ", got ", describe_tensor(tensor)));
}

}  // namespace kd
