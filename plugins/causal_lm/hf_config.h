// A Hugging Face config.json, read with errors that name the key.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "kd/value.h"

namespace causal_lm {

class HfConfig {
 public:
  // `where` is the file, for messages.
  HfConfig(kd::Value table, std::string where);
  // Reads FOLDER/config.json.
  static HfConfig read(const std::filesystem::path& folder);

  // Without a default, a missing (or null) key is kd::Error(kCheckpoint).
  int64_t integer(std::string_view key) const;
  int64_t integer_or(std::string_view key, int64_t otherwise) const;
  double number_or(std::string_view key, double otherwise) const;
  bool boolean_or(std::string_view key, bool otherwise) const;
  std::string string_or(std::string_view key, std::string otherwise) const;
  // Null when the key is missing or null.
  const kd::Value* find(std::string_view key) const;

  const kd::Value& table() const { return table_; }
  const std::string& where() const { return where_; }

 private:
  template <typename Read>
  auto read_key(std::string_view key, Read read) const;

  kd::Value table_;
  std::string where_;
};

}  // namespace causal_lm
