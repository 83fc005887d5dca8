// The header of a safetensors file, checked completely before anybody touches the data.
#pragma once

#include <c10/core/ScalarType.h>

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kd::detail {

// One tensor's place, relative to the start of the data.
struct TensorPlace {
  std::string name;
  c10::ScalarType dtype;
  std::vector<int64_t> shape;
  uint64_t begin = 0;
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<TensorPlace> tensors;  // in the order of their data
  std::map<std::string, std::string> metadata;
  uint64_t data_offset = 0;  // from the start of the file
};

// `file` is the whole file. Throws kd::Error(kCheckpoint) that names the tensor; the caller adds
// the file. Stricter than the format asks: unknown members and more than 64 dimensions are refused.
SafetensorsHeader parse_safetensors_header(std::string_view file);

}  // namespace kd::detail
