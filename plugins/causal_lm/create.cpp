#include "create.h"

#include <utility>

#include "kd/error.h"

namespace causal_lm {
namespace {

[[noreturn]] void reject(std::string message, std::string hint) {
  throw kd::Error(kd::ErrorCode::kUsage, std::move(message), std::move(hint));
}

void check(const CausalLmParams& p) {
  const ConfigParams& c = p.config;
  if (!p.path.empty() && c.layers > 0) {
    reject("causal_lm takes `path` or `config`, not both", "remove one of them");
  }
  if (!p.path.empty()) return;
  if (c.layers < 1 || c.hidden < 1 || c.heads < 1) {
    reject("causal_lm needs `path`, or `config` with layers, hidden and heads",
           "for example config = { layers = 4, hidden = 128, heads = 4 }");
  }
  if (c.hidden % c.heads != 0) {
    reject(kd::cat("config: hidden = ", c.hidden, " cannot be split into ", c.heads, " heads"),
           "hidden must be a multiple of heads");
  }
  if (c.vocab_size == 0 && p.tokenizer == nullptr) {
    reject("config: neither vocab_size nor a tokenizer is given",
           "add tokenizer = …, or config.vocab_size");
  }
}

int64_t intermediate_size(const ConfigParams& c) {
  if (c.intermediate > 0) return c.intermediate;
  const int64_t width = (c.hidden * 8 + 2) / 3;
  return (width + 15) / 16 * 16;
}

kd::Value id_or_nil(int64_t id) { return id < 0 ? kd::Value() : kd::Value(id); }

// The config.json that transformers would write for such a Llama.
kd::Value::Map llama_config(const ConfigParams& c, const kd::Tokenizer* tokenizer) {
  kd::RotaryConfig rotary;
  rotary.theta = c.rope_theta;
  kd::Value::Map config{
      {"architectures", kd::Value::List{llama().architecture}},
      {"model_type", llama().model_type},
      {"hidden_size", c.hidden},
      {"intermediate_size", intermediate_size(c)},
      {"num_hidden_layers", c.layers},
      {"num_attention_heads", c.heads},
      {"num_key_value_heads", c.kv_heads > 0 ? c.kv_heads : c.heads},
      {"head_dim", c.hidden / c.heads},
      {"hidden_act", "silu"},
      {"max_position_embeddings", c.max_positions},
      {"rms_norm_eps", c.norm_eps},
      {"rope_theta", c.rope_theta},
      {"rope_parameters", rotary.to_hf()},
      {"tie_word_embeddings", c.tie_embeddings},
      {"attention_bias", false},
      {"mlp_bias", false},
      {"vocab_size", c.vocab_size > 0 ? c.vocab_size : tokenizer->vocabulary()},
  };
  if (tokenizer != nullptr) {
    config["bos_token_id"] = id_or_nil(tokenizer->bos());
    config["eos_token_id"] = id_or_nil(tokenizer->eos());
    config["pad_token_id"] = id_or_nil(tokenizer->pad());
  }
  return config;
}

}  // namespace

kd::Params<ConfigParams> ConfigParams::params() {
  kd::Params<ConfigParams> p;
  p.add("layers", &ConfigParams::layers, "decoder layers").at_least(0);
  p.add("hidden", &ConfigParams::hidden, "width of the residual stream").at_least(0);
  p.add("heads", &ConfigParams::heads, "attention heads; hidden / heads must be even").at_least(0);
  p.add("kv_heads", &ConfigParams::kv_heads, "heads of keys and values; 0: as many as heads")
      .at_least(0);
  p.add("intermediate", &ConfigParams::intermediate,
        "width of the feed-forward block; 0: 8/3 of hidden, up to the next multiple of 16")
      .at_least(0);
  p.add("vocab_size", &ConfigParams::vocab_size, "tokens; 0: the tokenizer's").at_least(0);
  p.add("max_positions", &ConfigParams::max_positions, "longest sequence").at_least(1);
  p.add("rope_theta", &ConfigParams::rope_theta, "base of the rotary positions").above(0);
  p.add("norm_eps", &ConfigParams::norm_eps, "added to the mean square in the norms").above(0);
  p.add("tie_embeddings", &ConfigParams::tie_embeddings, "the head's weight is the embedding's");
  return p;
}

kd::Params<CausalLmParams> CausalLmParams::params() {
  kd::Params<CausalLmParams> p;
  p.add("path", &CausalLmParams::path,
        "Hugging Face folder: config.json and model.safetensors (or shards with their index)");
  p.add("config", &CausalLmParams::config, "sizes of a new model, in place of `path`");
  p.add("tokenizer", &CausalLmParams::tokenizer, "tokenizer that is saved with the model");
  return p;
}

std::shared_ptr<CausalLm> create(const CausalLmParams& p, const kd::CreateContext& context) {
  check(p);
  if (p.path.empty()) {
    const HfConfig config(llama_config(p.config, p.tokenizer.get()), "config");
    auto model = std::make_shared<CausalLm>(config, context, p.tokenizer);
    model->initialise(context.random);
    return model;
  }
  auto model = std::make_shared<CausalLm>(HfConfig::read(p.path), context, p.tokenizer);
  model->load(p.path);
  return model;
}

}  // namespace causal_lm
