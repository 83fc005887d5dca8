#include "kd/safetensors.h"

#include <ATen/ops/empty.h>
#include <ATen/ops/from_blob.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

#include "kd/error.h"
#include "kd/json.h"
#include "sdk/src/file_io.h"
#include "sdk/src/safetensors_dtype.h"
#include "sdk/src/safetensors_header.h"

namespace kd {
namespace {

constexpr size_t kHeaderAlignment = 8;

[[noreturn]] void cannot_read(const std::filesystem::path& path, const std::string& why) {
  throw Error(ErrorCode::kCheckpoint, cat("cannot read ", path.string(), ": ", why));
}

// A private mapping: writes to its tensors never reach the file.
class Mapping {
 public:
  explicit Mapping(const std::filesystem::path& path) {
    const detail::FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    struct stat status {};
    if (!file.valid() || ::fstat(file.get(), &status) != 0) {
      cannot_read(path, std::strerror(errno));
    }
    if (!S_ISREG(status.st_mode)) cannot_read(path, "it is no regular file");
    size_ = static_cast<size_t>(status.st_size);
    if (size_ == 0) return;
    void* const mapped =
        ::mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.get(), 0);
    if (mapped == MAP_FAILED) cannot_read(path, std::strerror(errno));
    data_ = static_cast<char*>(mapped);
  }
  ~Mapping() {
    if (data_) ::munmap(data_, size_);
  }
  Mapping(const Mapping&) = delete;
  Mapping& operator=(const Mapping&) = delete;

  char* data() const { return data_; }
  std::string_view bytes() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  size_t size_ = 0;
};

// Other values than 0 and 1 are undefined behaviour in a C++ bool.
void check_bools(const char* data, uint64_t bytes, const std::string& name) {
  const auto is_bool = [](char c) { return c == 0 || c == 1; };
  if (std::all_of(data, data + bytes, is_bool)) return;
  throw Error(ErrorCode::kCheckpoint,
              cat("not a valid safetensors file: tensor ", Value(name).preview(),
                  " has dtype BOOL and values other than 0 and 1"));
}

at::Tensor tensor_at(const detail::TensorPlace& place, char* data,
                     const std::shared_ptr<Mapping>& mapping) {
  const uint64_t bytes = place.end - place.begin;
  const auto options = at::TensorOptions().dtype(place.dtype);
  if (bytes == 0) return at::empty(place.shape, options);
  if (place.dtype == at::ScalarType::Bool) check_bools(data, bytes, place.name);
  if (reinterpret_cast<uintptr_t>(data) % c10::elementSize(place.dtype) != 0) {
    // The format does not align tensors; processors and kernels want them aligned.
    at::Tensor copy = at::empty(place.shape, options);
    std::memcpy(copy.mutable_data_ptr(), data, bytes);
    return copy;
  }
  return at::from_blob(
      data, place.shape, [mapping](void*) {}, options);
}

struct Entry {
  const std::string* name;
  const at::Tensor* tensor;
  std::string_view dtype;
  uint64_t bytes;
};

// Larger elements first, which keeps every tensor aligned; then by name.
std::vector<Entry> ordered(const TensorMap& tensors) {
  std::vector<Entry> entries;
  for (const auto& [name, tensor] : tensors) {
    const auto dtype = tensor.defined() && tensor.layout() == at::kStrided
                           ? detail::name_of_dtype(tensor.scalar_type())
                           : std::nullopt;
    if (!dtype || name == "__metadata__") {
      throw Error(ErrorCode::kCheckpoint, cat("tensor '", name, "' (", describe_tensor(tensor),
                                              ") cannot be written to a safetensors file"));
    }
    entries.push_back({&name, &tensor, *dtype, tensor.nbytes()});
  }
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return a.tensor->element_size() > b.tensor->element_size();
  });
  return entries;
}

std::string header_of(const std::vector<Entry>& entries,
                      const std::map<std::string, std::string>& metadata) {
  Value::Map header;
  uint64_t offset = 0;
  for (const auto& entry : entries) {
    const auto sizes = entry.tensor->sizes();
    const Value::List offsets{static_cast<int64_t>(offset),
                              static_cast<int64_t>(offset + entry.bytes)};
    header.emplace(*entry.name, Value::Map{{"dtype", entry.dtype},
                                           {"shape", Value::List(sizes.begin(), sizes.end())},
                                           {"data_offsets", offsets}});
    offset += entry.bytes;
  }
  if (!metadata.empty()) {
    header.emplace("__metadata__", Value::Map(metadata.begin(), metadata.end()));
  }
  std::string text = to_json(header);
  text.resize((text.size() + kHeaderAlignment - 1) / kHeaderAlignment * kHeaderAlignment, ' ');
  return text;
}

}  // namespace

SafetensorsFile read_safetensors(const std::filesystem::path& path) {
  const auto mapping = std::make_shared<Mapping>(path);
  try {
    auto header = detail::parse_safetensors_header(mapping->bytes());
    SafetensorsFile out;
    out.metadata = std::move(header.metadata);
    for (const auto& place : header.tensors) {
      char* const data = mapping->data() + header.data_offset + place.begin;
      out.tensors.emplace(place.name, tensor_at(place, data, mapping));
    }
    return out;
  } catch (Error& error) {
    error.add_where(path.string());
    throw;
  }
}

void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const auto entries = ordered(tensors);
  const std::string header = header_of(entries, metadata);
  std::array<char, 8> length{};
  for (size_t i = 0; i < length.size(); ++i) {
    length[i] = static_cast<char>(header.size() >> (8 * i) & 0xFF);
  }
  detail::AtomicFile file(path);
  file.write(length.data(), length.size());
  file.write(header.data(), header.size());
  for (const auto& entry : entries) {
    const at::Tensor plain = entry.tensor->detach().cpu().resolve_conj().resolve_neg().contiguous();
    file.write(plain.const_data_ptr(), entry.bytes);
  }
  file.commit();
}

}  // namespace kd
