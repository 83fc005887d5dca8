#include "core/pipeline/hash.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <vector>

#include "core/data/dataset_ops.h"
#include "kd/error.h"

namespace kd::core {
namespace {

class Sha256 {
 public:
  Sha256() : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) != 1) {
      throw Error(ErrorCode::kInternal, "OpenSSL offers no SHA-256");
    }
  }
  void add(const char* bytes, size_t count) { EVP_DigestUpdate(context_.get(), bytes, count); }
  std::string hex() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    EVP_DigestFinal_ex(context_.get(), digest.data(), &length);
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (unsigned int i = 0; i < length; ++i) {
      out += kDigits[digest[i] >> 4U];
      out += kDigits[digest[i] & 15U];
    }
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

Value describe_map(const Value::Map& map, const KeySources& sources) {
  Value::Map out;
  for (const auto& [key, item] : map) out[key] = describe_for_key(item, sources);
  return Value(std::move(out));
}

// Sizes and times of what a path names: other contents make another key.
std::string path_stamp(const std::filesystem::path& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> files;
  if (fs::is_directory(path, error)) {
    for (const auto& entry : fs::directory_iterator(path, error)) files.push_back(entry.path());
    std::sort(files.begin(), files.end());
  } else {
    files.push_back(path);
  }
  std::string stamp;
  for (const fs::path& file : files) {
    if (!fs::is_regular_file(file, error)) continue;
    stamp += cat(file.filename().string(), ' ', fs::file_size(file, error), ' ',
                 fs::last_write_time(file, error).time_since_epoch().count(), ';');
  }
  return stamp;
}

Value describe_component(const ComponentHandle& handle, const KeySources& sources) {
  std::string files;
  if (auto path = handle.params.find("path"); path != handle.params.end()) {
    if (path->second.is_string()) files = path_stamp(path->second.as_string());
  }
  return Value(Value::Map{{"files", files},
                          {"kind", handle.kind},
                          {"name", handle.name},
                          {"build", sources.component_build(handle.kind, handle.name)},
                          {"params", describe_map(handle.params, sources)}});
}

Value describe_model(const ModelHandle& handle, const KeySources& sources) {
  if (handle.component) return describe_component(*handle.component, sources);
  return Value(Value::Map{{"stage", sources.stage_key(handle.stage)}, {"output", handle.output}});
}

Value describe_dataset_for_key(const DatasetHandle& handle, const KeySources& sources) {
  Value::Map out{{"op", dataset_op_name(handle.op)}, {"split", handle.split}};
  if (handle.source) out["source"] = describe_component(*handle.source, sources);
  if (!handle.stage.empty()) {
    out["stage"] = sources.stage_key(handle.stage);
    out["output"] = handle.output;
  }
  if (handle.input) out["input"] = describe_dataset_for_key(*handle.input, sources);
  out["options"] = describe_map(handle.options, sources);
  return Value(std::move(out));
}

Value describe_objective(const ObjectiveHandle& handle, const KeySources& sources) {
  Value::List parts;
  for (const auto& part : handle.parts) {
    Value coefficient =
        part.coefficient.is_constant()
            ? Value(part.coefficient.constant())
            : describe_for_key(Value(ObjectPtr(part.coefficient.function())), sources);
    parts.push_back(Value::Map{{"coefficient", std::move(coefficient)},
                               {"component", describe_component(*part.component, sources)}});
  }
  return Value(std::move(parts));
}

Value describe_object(const Value& value, const KeySources& sources) {
  if (auto component = value.object_as<ComponentHandle>()) {
    return describe_component(*component, sources);
  }
  if (auto model = value.object_as<ModelHandle>()) return describe_model(*model, sources);
  if (auto data = value.object_as<DatasetHandle>()) {
    return describe_dataset_for_key(*data, sources);
  }
  if (auto objective = value.object_as<ObjectiveHandle>()) {
    return describe_objective(*objective, sources);
  }
  if (auto function = value.object_as<Callable>()) {
    return Value(Value::Map{{"function", function->fingerprint()}});
  }
  if (auto schedule = value.object_as<ScheduleFunction>()) {
    return Value(Value::Map{{"schedule", schedule->fingerprint()}});
  }
  throw Error(ErrorCode::kInternal, cat("a ", value.type_name(), " has no place in a stage's key"));
}

}  // namespace

std::string sha256_hex(std::string_view bytes) {
  Sha256 hash;
  hash.add(bytes.data(), bytes.size());
  return hash.hex();
}

std::string sha256_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) throw Error(ErrorCode::kData, cat("cannot read ", file));
  Sha256 hash;
  std::array<char, 1 << 16> buffer{};
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    hash.add(buffer.data(), static_cast<size_t>(in.gcount()));
  }
  return hash.hex();
}

Value describe_for_key(const Value& value, const KeySources& sources) {
  if (value.is_map()) return describe_map(value.as_map(), sources);
  if (value.is_list()) {
    Value::List out;
    for (const Value& item : value.as_list()) out.push_back(describe_for_key(item, sources));
    return Value(std::move(out));
  }
  if (value.is_object()) return describe_object(value, sources);
  return value;
}

}  // namespace kd::core
