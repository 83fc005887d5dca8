// The generator: batched decoding with a cache, used for data production, sampling and evaluation.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "core/generate/sampling.h"
#include "kd/model.h"
#include "kd/tokenizer.h"

namespace kd::core {

struct GenerationRequest {
  std::vector<int64_t> prompt;  // token ids, at least one
  std::vector<int64_t> stop;    // tokens that end it; the one that did is part of the result
  uint64_t sample = 0;          // keys its random stream: equal numbers draw equal randomness
};

struct Generation {
  std::vector<int64_t> ids;               // new tokens, the one that ended it included
  bool truncated = false;                 // ended at max_new_tokens
  std::vector<float> logprobs;            // raw, one for each id
  std::vector<float> processed_logprobs;  // of the distribution sampled from
};

struct GeneratorOptions {
  SamplingOptions sampling;
  int64_t max_new_tokens = 256;
  int64_t batch = 256;  // sequences decoded together
  uint64_t run_seed = 0;
  std::string stage;  // part of the random streams' key
};

// Called after every decoding step with the number of finished requests and of new tokens so far.
using GenerationProgress = std::function<void(int64_t finished, int64_t tokens)>;

// Continues every prompt. Results are in the order of the requests. A request's randomness is keyed
// by (run seed, stage, its sample number, position), never by its neighbours. [train]
std::vector<Generation> generate(Model& model, const Tokenizer& tokenizer,
                                 std::span<const GenerationRequest> requests,
                                 const GeneratorOptions& options,
                                 const GenerationProgress& progress = {});

}  // namespace kd::core
