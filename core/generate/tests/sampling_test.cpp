#include "core/generate/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "kd/error.h"
#include "kd/random.h"

namespace kd::core {
namespace {

const std::vector<float> kLogits{2, 1, 0, -1};  // p = .644, .237, .087, .032

SampledToken sample(std::vector<float> logits, const SamplingOptions& options, double uniform) {
  return sample_token(logits, options, uniform);
}

// How many tokens the processors leave: draws at every quantile and counts what comes out.
size_t kept(const SamplingOptions& options, const std::vector<float>& logits = kLogits) {
  std::vector<bool> seen(logits.size(), false);
  for (int i = 0; i < 20000; ++i) {
    seen[static_cast<size_t>(sample(logits, options, (i + 0.5) / 20000).id)] = true;
  }
  return static_cast<size_t>(std::count(seen.begin(), seen.end(), true));
}

TEST(Sampling, GreedyTakesTheLargestAndReportsItsLogProbability) {
  SamplingOptions greedy;
  greedy.temperature = 0;
  const SampledToken token = sample(kLogits, greedy, 0.99);
  EXPECT_EQ(token.id, 0);
  EXPECT_NEAR(token.logprob, std::log(0.643914), 1e-5);
}

TEST(Sampling, TopPKeepsTheSmallestHeadWithTheMass) {
  SamplingOptions options;
  options.top_p = 0.80;
  EXPECT_EQ(kept(options), 2U);
  options.top_p = 0.65;
  EXPECT_EQ(kept(options), 2U);
  options.top_p = 0.64;
  EXPECT_EQ(kept(options), 1U);
}

TEST(Sampling, MinPComparesWithTheLikeliest) {
  SamplingOptions options;
  options.min_p = 0.1;
  EXPECT_EQ(kept(options), 3U);
  options.min_p = 0.2;
  EXPECT_EQ(kept(options), 2U);
  options.min_p = 0.4;
  EXPECT_EQ(kept(options), 1U);
}

TEST(Sampling, TopKKeepsTies) {
  SamplingOptions options;
  options.top_k = 2;
  EXPECT_EQ(kept(options, {1, 1, 1, 0}), 3U);
  EXPECT_EQ(kept(options), 2U);
}

TEST(Sampling, TemperatureReshapesTheDistribution) {
  for (const auto& [temperature, expected] :
       std::vector<std::pair<double, double>>{{0.5, 0.8650}, {2.0, 0.4551}}) {
    SamplingOptions options;
    options.temperature = temperature;
    // The first token covers [0, p): the quantile just inside is it, just outside is not.
    EXPECT_EQ(sample(kLogits, options, expected - 1e-3).id, 0);
    EXPECT_NE(sample(kLogits, options, expected + 1e-3).id, 0);
    const SampledToken token = sample(kLogits, options, 0.0);
    EXPECT_NEAR(std::exp(token.processed_logprob), expected, 1e-4);
    EXPECT_NEAR(std::exp(token.logprob), 0.643914, 1e-5) << "raw: before the temperature";
  }
}

TEST(Sampling, FollowsTheExactDistribution) {
  const std::vector<double> exact{0.643914, 0.236883, 0.087144, 0.032059};
  std::vector<int> counts(4, 0);
  RandomStream stream(StreamKey{7, "test", "sample", 0, 0});
  constexpr int kDraws = 200000;
  for (int i = 0; i < kDraws; ++i) {
    ++counts[static_cast<size_t>(sample(kLogits, {}, stream.uniform()).id)];
  }
  double chi_square = 0;
  for (size_t i = 0; i < 4; ++i) {
    const double expected = exact[i] * kDraws;
    chi_square += (counts[i] - expected) * (counts[i] - expected) / expected;
  }
  EXPECT_LT(chi_square, 16.27) << "3 degrees of freedom, p = 0.001";
}

TEST(Sampling, RefusesARowWithoutFiniteLogits) {
  const float inf = std::numeric_limits<float>::infinity();
  EXPECT_THROW(sample({-inf, -inf}, {}, 0.5), Error);
  EXPECT_THROW(sample({std::nanf(""), std::nanf("")}, {}, 0.5), Error);
}

}  // namespace
}  // namespace kd::core
