#include "checkpoint.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/all.h>
#include <ATen/ops/isfinite.h>

#include <set>
#include <string>

#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"

namespace causal_lm {
namespace {

namespace fs = std::filesystem;
using kd::Error;
using kd::ErrorCode;

// The file of each tensor, by the index.
std::map<std::string, std::string> read_index(const fs::path& file) {
  const kd::Value index = kd::parse_json(kd::read_text_file(file));
  const kd::Value* map = index.find("weight_map");
  if (map == nullptr || !map->is_map()) {
    throw Error(ErrorCode::kCheckpoint, "the index has no weight_map", {}, file.string());
  }
  std::map<std::string, std::string> files;
  for (const auto& [tensor, shard] : map->as_map()) {
    const fs::path name = shard.as_string();
    if (name.empty() || name.filename() != name) {
      throw Error(ErrorCode::kCheckpoint,
                  kd::cat("the shard of ", tensor, " lies outside of the folder"), {},
                  file.string());
    }
    files[tensor] = name.string();
  }
  return files;
}

kd::TensorMap read_shards(const fs::path& folder, const fs::path& index) {
  const std::map<std::string, std::string> file_of = read_index(index);
  std::set<std::string> names;
  for (const auto& [tensor, file] : file_of) names.insert(file);
  kd::TensorMap all;
  for (const std::string& name : names) {
    for (auto& [tensor, value] : kd::read_safetensors(folder / name).tensors) {
      const auto entry = file_of.find(tensor);
      if (entry == file_of.end() || entry->second != name) {
        throw Error(ErrorCode::kCheckpoint, kd::cat("the index does not list ", tensor, " here"),
                    {}, (folder / name).string());
      }
      all.emplace(tensor, value);
    }
  }
  for (const auto& [tensor, file] : file_of) {
    if (!all.contains(tensor)) {
      throw Error(ErrorCode::kCheckpoint, kd::cat(tensor, " is missing"), {},
                  (folder / file).string());
    }
  }
  return all;
}

}  // namespace

kd::TensorMap read_weights(const fs::path& folder) {
  const fs::path single = folder / "model.safetensors";
  const fs::path index = folder / "model.safetensors.index.json";
  if (fs::exists(single)) return kd::read_safetensors(single).tensors;
  if (fs::exists(index)) return read_shards(folder, index);
  throw Error(ErrorCode::kCheckpoint, "this folder has no model.safetensors",
              "save the model with safetensors; .bin files run code when they are read",
              folder.string());
}

void require_finite(const kd::TensorMap& tensors, const fs::path& folder) {
  for (const auto& [name, tensor] : tensors) {
    if (!tensor.is_floating_point() || tensor.isfinite().all().item<bool>()) continue;
    throw Error(ErrorCode::kCheckpoint, kd::cat(name, " has NaN or infinite values"),
                "the model was damaged or diverged before it was saved", folder.string());
  }
}

}  // namespace causal_lm
