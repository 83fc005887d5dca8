// Writes models for round_trip_test.py: OUT/<name>/ with the model and kd's logits of some ids.
#include <iostream>

#include "create.h"
#include "kd/error.h"
#include "kd/safetensors.h"
#include "support.h"

namespace causal_lm::test {
namespace {

void write(CausalLm& model, const std::filesystem::path& folder) {
  const at::Tensor ids = random_ids(3, 11, model.describe().vocabulary);
  model.save(folder);
  kd::write_safetensors(folder / "kd.safetensors",
                        {{"input_ids", ids}, {"logits", logits_of(model, {{"input_ids", ids}})}});
}

void write_all(const std::filesystem::path& out) {
  const kd::CreateContext context{.random = kd::RandomStream({.purpose = "init"})};
  CausalLmParams params;
  params.config = {.layers = 2, .hidden = 32, .heads = 4, .kv_heads = 2, .vocab_size = 67};
  params.config.rope_theta = 500;
  params.config.norm_eps = 1e-5;
  write(*create(params, context), out / "new_tied");
  params.config.tie_embeddings = false;
  write(*create(params, context), out / "new_untied");
  for (const char* family : {"LlamaForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM",
                             "Qwen3ForCausalLM", "SmolLM3ForCausalLM", "Olmo2ForCausalLM"}) {
    write(*small_model(small_config({}, family)), out / family);
  }
}

}  // namespace
}  // namespace causal_lm::test

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  try {
    causal_lm::test::write_all(argv[1]);
  } catch (const kd::Error& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
