#include "hf_config.h"

#include <utility>

#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"

namespace causal_lm {

HfConfig::HfConfig(kd::Value table, std::string where)
    : table_(std::move(table)), where_(std::move(where)) {
  if (!table_.is_map()) {
    throw kd::Error(kd::ErrorCode::kCheckpoint, "config.json is no table of settings", {}, where_);
  }
}

HfConfig HfConfig::read(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "config.json";
  if (!std::filesystem::exists(file)) {
    throw kd::Error(kd::ErrorCode::kCheckpoint, "this folder has no config.json",
                    "`path` must name a Hugging Face model folder", folder.string());
  }
  try {
    return HfConfig(kd::parse_json(kd::read_text_file(file)), file.string());
  } catch (kd::Error& error) {
    if (error.where().empty()) error.add_where(file.string());
    throw;
  }
}

const kd::Value* HfConfig::find(std::string_view key) const {
  const kd::Value* value = table_.find(key);
  return value == nullptr || value->is_nil() ? nullptr : value;
}

template <typename Read>
auto HfConfig::read_key(std::string_view key, Read read) const {
  const kd::Value* value = find(key);
  if (value == nullptr) {
    throw kd::Error(kd::ErrorCode::kCheckpoint, kd::cat("'", key, "' is missing"), {}, where_);
  }
  try {
    return read(*value);
  } catch (kd::Error& error) {
    throw kd::Error(kd::ErrorCode::kCheckpoint, kd::cat("'", key, "': ", error.message()), {},
                    where_);
  }
}

int64_t HfConfig::integer(std::string_view key) const {
  const int64_t value = read_key(key, [](const kd::Value& v) { return v.as_integer(); });
  constexpr int64_t kLargest = int64_t{1} << 31;
  if (value >= 0 && value < kLargest) return value;
  throw kd::Error(kd::ErrorCode::kCheckpoint, kd::cat("'", key, "' is ", value), {}, where_);
}

int64_t HfConfig::integer_or(std::string_view key, int64_t otherwise) const {
  return find(key) == nullptr ? otherwise : integer(key);
}

double HfConfig::number_or(std::string_view key, double otherwise) const {
  if (find(key) == nullptr) return otherwise;
  return read_key(key, [](const kd::Value& v) { return v.as_number(); });
}

bool HfConfig::boolean_or(std::string_view key, bool otherwise) const {
  if (find(key) == nullptr) return otherwise;
  return read_key(key, [](const kd::Value& v) { return v.as_bool(); });
}

std::string HfConfig::string_or(std::string_view key, std::string otherwise) const {
  if (find(key) == nullptr) return otherwise;
  return read_key(key, [](const kd::Value& v) { return v.as_string(); });
}

}  // namespace causal_lm
