// Model families: how each differs from Llama, in its settings and in the names of its tensors.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "hf_config.h"
#include "kd/layers/decoder.h"

namespace causal_lm {

// One family of Hugging Face causal language models on kd's decoder.
struct Family {
  std::string architecture;  // "LlamaForCausalLM"
  std::string model_type;    // "llama"
  // What transformers takes for keys that a config.json of this family leaves out, where that
  // differs from decoder_config().
  kd::Value::Map defaults;
  // What this family does otherwise than the plain decoder of decoder_config().
  void (*adjust)(const HfConfig& config, kd::DecoderConfig& decoder);
};

// By "architectures", else by "model_type". kd::Error(kCheckpoint) that names what is known.
const Family& family_of(const HfConfig& config);
const Family& llama();

// The config with the family's names and defaults filled in.
HfConfig complete(const Family& family, const HfConfig& config);

// The decoder that a complete config describes. kd::Error(kCheckpoint) for settings that don't fit.
kd::DecoderConfig decoder_config(const Family& family, const HfConfig& config);

// The name in files of the parameter at a path: "layers.0.attention.q.weight" is
// "model.layers.0.self_attn.q_proj.weight".
std::string file_name(std::string_view parameter_path);

}  // namespace causal_lm
