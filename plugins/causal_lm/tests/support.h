// What the tests of causal_lm share.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <memory>
#include <string>

#include "causal_lm.h"
#include "kd/random.h"

namespace causal_lm::test {

struct Sizes {
  int64_t layers = 2;
  int64_t hidden = 16;
  int64_t heads = 4;
  int64_t kv_heads = 2;
  int64_t intermediate = 24;
  int64_t vocabulary = 29;
  bool tied = false;
};

// config.json of a small model of any family.
kd::Value::Map small_config(const Sizes& sizes = {},
                            const std::string& architecture = "LlamaForCausalLM");

// A random model of that config, with weights large enough that errors show.
std::unique_ptr<CausalLm> small_model(const kd::Value::Map& config, uint64_t seed = 1,
                                      c10::ScalarType dtype = at::kFloat);

// Token ids [batch, columns] below `vocabulary`.
at::Tensor random_ids(int64_t batch, int64_t columns, int64_t vocabulary, uint64_t seed = 7);

// [B, T, V]
at::Tensor logits_of(CausalLm& model, const kd::TensorMap& inputs);

// Largest absolute difference.
double distance(const at::Tensor& a, const at::Tensor& b);

// A folder that is removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace causal_lm::test
