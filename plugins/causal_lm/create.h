// Making models from what recipes say.
#pragma once

#include <filesystem>
#include <memory>

#include "causal_lm.h"
#include "kd/params.h"
#include "kd/plugin.h"
#include "kd/tokenizer.h"

namespace causal_lm {

// A model to be made from nothing. layers = 0 stands for "no config given".
struct ConfigParams {
  int64_t layers = 0;
  int64_t hidden = 0;
  int64_t heads = 0;
  int64_t kv_heads = 0;
  int64_t intermediate = 0;
  int64_t vocab_size = 0;
  int64_t max_positions = 2048;
  double rope_theta = 10000;
  double norm_eps = 1e-6;
  bool tie_embeddings = true;

  static kd::Params<ConfigParams> params();
};

struct CausalLmParams {
  std::filesystem::path path;
  ConfigParams config;
  kd::Ref<kd::Tokenizer> tokenizer;

  static kd::Params<CausalLmParams> params();
};

// Throws kd::Error(kUsage) for parameters that contradict each other, kd::Error(kCheckpoint) for
// folders that cannot be read.
std::shared_ptr<CausalLm> create(const CausalLmParams& params, const kd::CreateContext& context);

}  // namespace causal_lm
