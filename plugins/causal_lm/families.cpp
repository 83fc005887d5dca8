#include "families.h"

#include <array>
#include <utility>

#include "kd/error.h"

namespace causal_lm {
namespace {

using kd::DecoderConfig;
using kd::DecoderLayerConfig;

[[noreturn]] void reject(const HfConfig& config, std::string message, std::string hint = {}) {
  throw kd::Error(kd::ErrorCode::kCheckpoint, std::move(message), std::move(hint), config.where());
}

template <typename Change>
void for_layers(DecoderConfig& decoder, Change change) {
  for (DecoderLayerConfig& layer : decoder.layers) change(layer);
}

void read_biases(const HfConfig& config, DecoderConfig& decoder) {
  const bool attention = config.boolean_or("attention_bias", false);
  const bool mlp = config.boolean_or("mlp_bias", false);
  for_layers(decoder, [&](DecoderLayerConfig& layer) {
    layer.attention.qkv_bias = attention;
    layer.attention.output_bias = attention;
    layer.mlp.bias = mlp;
  });
}

// Which layers see only "sliding_window" keys: "layer_types" says so; older files have
// "max_window_layers" full layers first.
void read_windows(const HfConfig& config, DecoderConfig& decoder) {
  const int64_t window = config.integer_or("sliding_window", 0);
  if (window == 0 || !config.boolean_or("use_sliding_window", false)) return;
  const kd::Value* types = config.find("layer_types");
  const auto full = static_cast<size_t>(config.integer_or("max_window_layers", 28));
  if (types != nullptr && types->as_list().size() != decoder.layers.size()) {
    reject(config, "'layer_types' has another length than the model");
  }
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    const bool slides =
        types == nullptr ? i >= full : types->as_list()[i].as_string() == "sliding_attention";
    if (slides) decoder.layers[i].attention.window = window;
  }
}

void adjust_mistral(const HfConfig& config, DecoderConfig& decoder) {
  const int64_t window = config.integer_or("sliding_window", 0);
  for_layers(decoder, [&](DecoderLayerConfig& layer) { layer.attention.window = window; });
}

void adjust_qwen2(const HfConfig& config, DecoderConfig& decoder) {
  for_layers(decoder, [](DecoderLayerConfig& layer) { layer.attention.qkv_bias = true; });
  read_windows(config, decoder);
}

void adjust_qwen3(const HfConfig& config, DecoderConfig& decoder) {
  read_biases(config, decoder);
  for_layers(decoder,
             [](DecoderLayerConfig& layer) { layer.attention.qk_norm = kd::QkNorm::kHead; });
  read_windows(config, decoder);
}

void adjust_smollm3(const HfConfig& config, DecoderConfig& decoder) {
  read_biases(config, decoder);
  const kd::Value* rotated = config.find("no_rope_layers");  // 1: this layer does rotate
  const auto interval = static_cast<size_t>(config.integer_or("no_rope_layer_interval", 4));
  if (rotated != nullptr && rotated->as_list().size() < decoder.layers.size()) {
    reject(config, "'no_rope_layers' has fewer entries than the model has layers");
  }
  if (rotated == nullptr && interval == 0) reject(config, "'no_rope_layer_interval' is 0");
  if (config.find("layer_types") != nullptr) {
    read_windows(config, decoder);
  } else if (config.boolean_or("use_sliding_window", false)) {
    reject(config, "sliding windows without 'layer_types'");
  }
  for (size_t i = 0; i < decoder.layers.size(); ++i) {
    const bool rotates =
        rotated == nullptr ? (i + 1) % interval != 0 : rotated->as_list()[i].as_integer() != 0;
    if (!rotates) decoder.layers[i].attention.rotary = -1;
  }
}

void adjust_olmo2(const HfConfig& config, DecoderConfig& decoder) {
  read_biases(config, decoder);
  for_layers(decoder, [](DecoderLayerConfig& layer) {
    layer.attention.qk_norm = kd::QkNorm::kWhole;
    layer.norm_before = false;
    layer.norm_after = true;
  });
}

const std::array<Family, 6>& families() {
  static const std::array<Family, 6> all{{
      {"LlamaForCausalLM", "llama", {}, &read_biases},
      {"MistralForCausalLM",
       "mistral",
       {{"num_key_value_heads", 8}, {"sliding_window", 4096}},
       &adjust_mistral},
      {"Qwen2ForCausalLM", "qwen2", {{"sliding_window", 4096}}, &adjust_qwen2},
      {"Qwen3ForCausalLM", "qwen3", {{"head_dim", 128}, {"sliding_window", 4096}}, &adjust_qwen3},
      {"SmolLM3ForCausalLM",
       "smollm3",
       {{"num_key_value_heads", 4}, {"tie_word_embeddings", true}, {"rope_theta", 2000000.0}},
       &adjust_smollm3},
      {"Olmo2ForCausalLM", "olmo2", {{"rms_norm_eps", 1e-5}}, &adjust_olmo2},
  }};
  return all;
}

DecoderLayerConfig base_layer(const HfConfig& config) {
  DecoderLayerConfig layer;
  layer.norm_eps = config.number_or("rms_norm_eps", 1e-6);
  kd::AttentionConfig& attention = layer.attention;
  attention.hidden = config.integer("hidden_size");
  attention.heads = config.integer("num_attention_heads");
  attention.kv_heads = config.integer_or("num_key_value_heads", attention.heads);
  if (attention.heads < 1 || attention.kv_heads < 1) reject(config, "attention without heads");
  attention.head_dim = config.integer_or("head_dim", attention.hidden / attention.heads);
  attention.norm_eps = layer.norm_eps;
  if (attention.heads % attention.kv_heads != 0) {
    reject(config, kd::cat(attention.heads, " heads cannot share ", attention.kv_heads,
                           " key-value heads"));
  }
  if (attention.head_dim < 2 || attention.head_dim % 2 != 0) {
    reject(config, kd::cat("heads of width ", attention.head_dim, " cannot be rotated"),
           "hidden / heads must be even");
  }
  layer.mlp.hidden = attention.hidden;
  layer.mlp.intermediate = config.integer("intermediate_size");
  layer.mlp.activation = kd::activation_from_hf(config.string_or("hidden_act", "silu"));
  return layer;
}

}  // namespace

const Family& llama() { return families().front(); }

const Family& family_of(const HfConfig& config) {
  std::vector<std::string> known;
  const kd::Value* architectures = config.find("architectures");
  const bool named =
      architectures != nullptr && architectures->is_list() && !architectures->as_list().empty();
  const std::string wanted =
      named ? architectures->as_list().front().as_string() : config.string_or("model_type", "");
  for (const Family& family : families()) {
    if (wanted == (named ? family.architecture : family.model_type)) return family;
    known.push_back(named ? family.architecture : family.model_type);
  }
  reject(config, kd::cat("unknown architecture '", wanted, "'"), "known: " + kd::join(known));
}

HfConfig complete(const Family& family, const HfConfig& config) {
  kd::Value::Map table = config.table().as_map();
  table.insert(family.defaults.begin(), family.defaults.end());
  table["model_type"] = family.model_type;
  table["architectures"] = kd::Value::List{family.architecture};
  return {table, config.where()};
}

DecoderConfig decoder_config(const Family& family, const HfConfig& config) {
  DecoderConfig decoder;
  decoder.vocabulary = config.integer("vocab_size");
  decoder.hidden = config.integer("hidden_size");
  decoder.tied_head = config.boolean_or("tie_word_embeddings", false);
  decoder.norm_eps = config.number_or("rms_norm_eps", 1e-6);
  decoder.rotary = {kd::RotaryConfig::from_hf(config.table())};
  const auto count = static_cast<size_t>(config.integer("num_hidden_layers"));
  if (count == 0 || decoder.hidden == 0 || decoder.vocabulary == 0) {
    reject(config, "layers, hidden size and vocabulary must be positive");
  }
  decoder.layers.assign(count, base_layer(config));
  family.adjust(config, decoder);
  return decoder;
}

std::string file_name(std::string_view parameter_path) {
  static const std::map<std::string, std::string, std::less<>> names{
      {"embed", "model.embed_tokens"},
      {"layers", "model.layers"},
      {"norm", "model.norm"},
      {"head", "lm_head"},
      {"attention_norm", "input_layernorm"},
      {"attention", "self_attn"},
      {"q", "q_proj"},
      {"k", "k_proj"},
      {"v", "v_proj"},
      {"o", "o_proj"},
      {"attention_post_norm", "post_attention_layernorm"},
      {"mlp_norm", "post_attention_layernorm"},
      {"gate", "gate_proj"},
      {"up", "up_proj"},
      {"down", "down_proj"},
      {"mlp_post_norm", "post_feedforward_layernorm"},
  };
  std::string out;
  for (size_t begin = 0; begin <= parameter_path.size();) {
    const size_t end = std::min(parameter_path.find('.', begin), parameter_path.size());
    const std::string_view segment = parameter_path.substr(begin, end - begin);
    const auto found = names.find(segment);
    if (!out.empty()) out += '.';
    out += found == names.end() ? segment : std::string_view(found->second);
    begin = end + 1;
  }
  return out;
}

}  // namespace causal_lm
