// Token-level objectives state terms; this evaluates all of them in one loop over row chunks and
// never holds an [N, V] fp32 tensor. Formulas: see docs/objectives.md.
#pragma once

#include <limits>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "kd/logits.h"

namespace kd {

// D(p, q) at one position; p: teacher, q: student, both after division by the temperature.
enum class Divergence {
  kCrossEntropy,  // -log q[label]
  kForwardKl,     // KL(p ‖ q)
  kReverseKl,     // KL(q ‖ p)
  kJsd,           // beta·KL(p ‖ M) + (1-beta)·KL(q ‖ M), M = beta·p + (1-beta)·q
};

// One term: S = sum_n mask[n] · weight[n] · temperature^temperature_power · D_n.
struct TokenTerm {
  std::string name;  // "kl", "chosen"
  Divergence divergence = Divergence::kCrossEntropy;
  std::string student = "student.logits";  // the want that takes the gradient
  std::string teacher;                     // the want it is compared with; empty for cross-entropy
  at::Tensor labels;               // [B, T] int64, aligned with the logits; -100: not counted
  at::Tensor weight;               // [B, T] or [B, 1] floating, detached; undefined is 1
  double temperature = 1.0;        // > 0
  double temperature_power = 0.0;  // 2: Hinton's scaling
  double beta = 0.5;               // kJsd only; 0 and 1 are the forward and reverse limits
  double clip = std::numeric_limits<double>::infinity();  // per token: min(D, clip), before weights
};

struct TokenTermsResult {
  at::Tensor loss;  // fp32 scalar Σ_k factor_k·S_k with a graph to hidden states, heads, biases
  at::Tensor sums;  // [K] fp64 detached: S_k, on the logits' device (no synchronisation)
  std::vector<at::Tensor> per_token;  // [B·T] fp32 detached D_n for each term, when asked for
};

struct TokenTermsOptions {
  int64_t rows_per_chunk = 0;  // 0: chosen from the vocabulary (at least 256 rows)
  bool per_token = false;
};

// Evaluates Σ_k factors[k] · S_k. `logits` maps each want named by a term to its logits; students
// take gradients, everything else does not. Masked rows give exactly zero, in value and gradient.
// Throws kd::Error(kPlugin) on unequal vocabularies, shapes or unknown wants, and
// kd::Error(kNonFinite) never: non-finite values travel to the engine's policy. [train]
TokenTermsResult evaluate_token_terms(std::span<const TokenTerm> terms,
                                      std::span<const double> factors,
                                      const std::map<std::string, LazyLogits>& logits,
                                      const TokenTermsOptions& options = {});

// log q[label] at temperature 1 for every row, differentiable, chunked; 0 where label is -100.
// labels: [N] int64. Returns [N] fp32. For objectives on sequence log-probabilities (DPO, SimPO).
at::Tensor token_logprobs(const LazyLogits& logits, const at::Tensor& labels);

constexpr int64_t kIgnoreLabel = -100;

}  // namespace kd
