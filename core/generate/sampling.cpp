#include "core/generate/sampling.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <numeric>
#include <vector>

#include "kd/error.h"

namespace kd::core {
namespace {

constexpr float kMasked = -std::numeric_limits<float>::infinity();

double log_sum_exp(std::span<const float> logits) {
  const float highest = *std::max_element(logits.begin(), logits.end());
  if (!std::isfinite(highest)) {
    throw Error(ErrorCode::kNonFinite, "no finite logit to choose from",
                "the model's weights may hold NaN; see its training metrics");
  }
  double sum = 0;
  for (const float logit : logits)
    sum += std::exp(static_cast<double>(logit) - static_cast<double>(highest));
  return static_cast<double>(highest) + std::log(sum);
}

void keep_top_k(std::span<float> logits, int64_t k) {
  if (k <= 0 || k >= static_cast<int64_t>(logits.size())) return;
  std::vector<float> sorted(logits.begin(), logits.end());
  auto kth = sorted.begin() + (k - 1);
  std::nth_element(sorted.begin(), kth, sorted.end(), std::greater<>());
  for (float& logit : logits) {
    if (logit < *kth) logit = kMasked;
  }
}

// Keeps a token when the mass of the more likely ones is below p.
void keep_top_p(std::span<float> logits, double p) {
  if (p >= 1) return;
  std::vector<int32_t> order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    const float la = logits[static_cast<size_t>(a)];
    const float lb = logits[static_cast<size_t>(b)];
    return la != lb ? la > lb : a < b;
  });
  const double normaliser = log_sum_exp(logits);
  double before = 0;
  for (size_t rank = 0; rank < order.size(); ++rank) {
    float& logit = logits[static_cast<size_t>(order[rank])];
    const double mass = std::exp(static_cast<double>(logit) - normaliser);
    if (rank > 0 && before >= p) logit = kMasked;
    before += mass;
  }
}

void keep_min_p(std::span<float> logits, double min_p) {
  if (min_p <= 0) return;
  const float highest = *std::max_element(logits.begin(), logits.end());
  const auto threshold = static_cast<float>(static_cast<double>(highest) + std::log(min_p));
  for (float& logit : logits) {
    if (logit < threshold) logit = kMasked;
  }
}

int64_t draw(std::span<const float> logits, double normaliser, double uniform) {
  double cumulative = 0;
  int64_t last = -1;
  for (size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] == kMasked) continue;
    cumulative += std::exp(static_cast<double>(logits[i]) - normaliser);
    last = static_cast<int64_t>(i);
    if (uniform < cumulative) return last;
  }
  return last;  // rounding left the sum a little under 1
}

}  // namespace

SampledToken sample_token(std::span<float> logits, const SamplingOptions& options, double uniform) {
  const double raw_normaliser = log_sum_exp(logits);
  SampledToken token;
  if (options.temperature == 0) {
    const auto best = std::max_element(logits.begin(), logits.end());
    token.id = best - logits.begin();
    token.logprob = static_cast<double>(*best) - raw_normaliser;
    return token;
  }
  const auto temperature = static_cast<float>(options.temperature);
  if (temperature != 1.0F) {
    for (float& logit : logits) logit /= temperature;
  }
  keep_top_k(logits, options.top_k);
  keep_top_p(logits, options.top_p);
  keep_min_p(logits, options.min_p);
  const double normaliser = log_sum_exp(logits);
  token.id = draw(logits, normaliser, uniform);
  const auto chosen = static_cast<double>(logits[static_cast<size_t>(token.id)]);
  token.processed_logprob = chosen - normaliser;
  token.logprob = chosen * options.temperature - raw_normaliser;
  return token;
}

}  // namespace kd::core
