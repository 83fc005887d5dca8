#include "support.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/empty.h>
#include <stdlib.h>

#include <vector>

#include "kd/random_tensors.h"

namespace causal_lm::test {

kd::Value::Map small_config(const Sizes& sizes, const std::string& architecture) {
  return {
      {"architectures", kd::Value::List{architecture}},
      {"hidden_size", sizes.hidden},
      {"intermediate_size", sizes.intermediate},
      {"num_hidden_layers", sizes.layers},
      {"num_attention_heads", sizes.heads},
      {"num_key_value_heads", sizes.kv_heads},
      {"head_dim", sizes.hidden / sizes.heads},
      {"vocab_size", sizes.vocabulary},
      {"bos_token_id", 0},
      {"eos_token_id", 1},
      {"pad_token_id", 2},
      {"max_position_embeddings", 64},
      {"rms_norm_eps", 1e-6},
      {"tie_word_embeddings", sizes.tied},
      {"rope_parameters", kd::Value::Map{{"rope_type", "default"}, {"rope_theta", 10000.0}}},
  };
}

std::unique_ptr<CausalLm> small_model(const kd::Value::Map& config, uint64_t seed,
                                      c10::ScalarType dtype) {
  const kd::RandomStream random({.run_seed = seed, .stage = "test", .purpose = "init"});
  const kd::CreateContext context{.random = random, .dtype = dtype};
  auto model = std::make_unique<CausalLm>(HfConfig(config, "test"), context, nullptr);
  const at::NoGradGuard no_grad;
  for (const kd::NamedTensor& parameter : model->parameters()) {
    kd::RandomStream stream = random.child(parameter.name);
    kd::fill_normal(parameter.tensor, stream, parameter.tensor.dim() < 2 ? 1 : 0, 0.3);
  }
  return model;
}

at::Tensor random_ids(int64_t batch, int64_t columns, int64_t vocabulary, uint64_t seed) {
  kd::RandomStream random({.run_seed = seed, .stage = "test", .purpose = "ids"});
  at::Tensor ids = at::empty({batch, columns}, at::kLong);
  for (int64_t i = 0; i < ids.numel(); ++i) {
    ids.data_ptr<int64_t>()[i] =
        static_cast<int64_t>(random.below(static_cast<uint64_t>(vocabulary)));
  }
  return ids;
}

at::Tensor logits_of(CausalLm& model, const kd::TensorMap& inputs) {
  const int64_t batch = inputs.at("input_ids").size(0);
  return model.forward(inputs, {"logits"}, {}).get("logits", batch);
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "kd_XXXXXX").string();
  path_ = mkdtemp(name.data());
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace causal_lm::test
