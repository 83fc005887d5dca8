#include "sdk/src/safetensors_header.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "kd/error.h"
#include "kd/json.h"
#include "sdk/src/safetensors_dtype.h"

namespace kd::detail {
namespace {

constexpr uint64_t kLengthBytes = 8;
constexpr uint64_t kLargestHeader = 100'000'000;
constexpr size_t kMostDimensions = 64;

template <typename... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  throw Error(ErrorCode::kCheckpoint, cat("not a valid safetensors file: ", parts...),
              "the file is damaged or incomplete; copy or download it again");
}

std::string quoted(const std::string& name) { return Value(name).preview(); }

uint64_t little_endian(std::string_view bytes) {
  uint64_t out = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) {
    out |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return out;
}

uint64_t checked_product(uint64_t a, uint64_t b, const std::string& tensor) {
  if (b != 0 && a > static_cast<uint64_t>(std::numeric_limits<int64_t>::max()) / b) {
    refuse("the shape of tensor ", quoted(tensor), " overflows");
  }
  return a * b;
}

// The JSON text between the length and the data.
std::string_view header_text(std::string_view file) {
  if (file.size() < kLengthBytes) refuse("it has ", file.size(), " bytes, fewer than 8");
  const uint64_t length = little_endian(file);
  if (length > kLargestHeader) {
    refuse("its header claims ", length, " bytes; at most ", kLargestHeader, " are allowed");
  }
  if (length > file.size() - kLengthBytes) {
    refuse("its header claims ", length, " bytes and the file has ", file.size());
  }
  const std::string_view text = file.substr(kLengthBytes, length);
  if (text.empty() || text[0] != '{') refuse("its header does not start with '{'");
  return text;
}

uint64_t non_negative(const Value& value, const std::string& what, const std::string& tensor) {
  if (!value.is_integer() || value.as_integer() < 0) {
    refuse(what, " of tensor ", quoted(tensor), " must be integers of 0 or more, got ",
           value.preview());
  }
  return static_cast<uint64_t>(value.as_integer());
}

const Value::List& list_member(const Value& entry, const char* key, const std::string& tensor) {
  const Value* member = entry.find(key);
  if (!member || !member->is_list()) refuse("tensor ", quoted(tensor), " has no list '", key, "'");
  return member->as_list();
}

c10::ScalarType dtype_of(const Value& entry, const std::string& tensor) {
  const Value* dtype = entry.find("dtype");
  if (!dtype || !dtype->is_string()) refuse("tensor ", quoted(tensor), " has no 'dtype'");
  const auto type = dtype_from_name(dtype->as_string());
  if (!type) refuse("tensor ", quoted(tensor), " has the unknown dtype ", dtype->preview());
  return *type;
}

void read_shape(const Value& entry, TensorPlace& place) {
  const auto& sizes = list_member(entry, "shape", place.name);
  if (sizes.size() > kMostDimensions) {
    refuse("tensor ", quoted(place.name), " has ", sizes.size(), " dimensions, more than ",
           kMostDimensions);
  }
  for (const auto& size : sizes) {
    place.shape.push_back(static_cast<int64_t>(non_negative(size, "sizes", place.name)));
  }
}

void read_offsets(const Value& entry, TensorPlace& place) {
  const auto& offsets = list_member(entry, "data_offsets", place.name);
  if (offsets.size() != 2) refuse("tensor ", quoted(place.name), " needs two data_offsets");
  place.begin = non_negative(offsets[0], "data_offsets", place.name);
  place.end = non_negative(offsets[1], "data_offsets", place.name);
  if (place.begin > place.end) {
    refuse("the data_offsets of tensor ", quoted(place.name), " are reversed");
  }
}

TensorPlace read_place(const std::string& name, const Value& entry) {
  if (!entry.is_map()) refuse("tensor ", quoted(name), " is no table");
  for (const auto& [key, value] : entry.as_map()) {
    if (key != "dtype" && key != "shape" && key != "data_offsets") {
      refuse("tensor ", quoted(name), " has the unknown member ", quoted(key));
    }
  }
  TensorPlace place;
  place.name = name;
  place.dtype = dtype_of(entry, name);
  read_shape(entry, place);
  read_offsets(entry, place);
  uint64_t bytes = c10::elementSize(place.dtype);
  for (const int64_t size : place.shape) {
    bytes = checked_product(bytes, static_cast<uint64_t>(size), name);
  }
  if (bytes != place.end - place.begin) {
    refuse("tensor ", quoted(name), " needs ", bytes, " bytes and its data_offsets span ",
           place.end - place.begin);
  }
  return place;
}

std::map<std::string, std::string> read_metadata(const Value& metadata) {
  if (!metadata.is_map()) refuse("'__metadata__' is no table");
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : metadata.as_map()) {
    if (!value.is_string()) refuse("the metadata ", quoted(key), " is no string");
    out.emplace(key, value.as_string());
  }
  return out;
}

// Every byte of the data belongs to exactly one tensor.
void check_contiguous(const std::vector<TensorPlace>& tensors, uint64_t data_bytes) {
  uint64_t reached = 0;
  for (const auto& place : tensors) {
    if (place.begin < reached) refuse("tensor ", quoted(place.name), " overlaps another");
    if (place.begin > reached) refuse("there is a hole before tensor ", quoted(place.name));
    reached = place.end;
  }
  if (reached > data_bytes) {
    refuse("the tensors need ", reached, " bytes and the file has ", data_bytes);
  }
  if (reached < data_bytes) refuse(data_bytes - reached, " bytes follow the last tensor");
}

Value parse_header(std::string_view text) {
  try {
    return parse_json(text);
  } catch (const Error& error) {
    refuse("its header is ", error.message());
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view file) {
  const std::string_view text = header_text(file);
  const Value json = parse_header(text);
  SafetensorsHeader header;
  header.data_offset = kLengthBytes + text.size();
  for (const auto& [name, entry] : json.as_map()) {
    if (name == "__metadata__") {
      header.metadata = read_metadata(entry);
    } else {
      header.tensors.push_back(read_place(name, entry));
    }
  }
  std::sort(header.tensors.begin(), header.tensors.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  check_contiguous(header.tensors, file.size() - header.data_offset);
  return header;
}

}  // namespace kd::detail
