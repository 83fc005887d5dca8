#include "pass_at_k.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kd/error.h"
#include "kd/random.h"

namespace kd::metrics {
namespace {

TEST(PassAtK, KnownValues) {
  EXPECT_NEAR(pass_at_k(10, 3, 1), 0.3, 1e-12);
  EXPECT_NEAR(pass_at_k(10, 3, 5), 0.916667, 1e-6);
  EXPECT_NEAR(pass_at_k(4, 1, 2), 0.5, 1e-12);
  EXPECT_EQ(pass_at_k(5, 0, 3), 0);
  EXPECT_EQ(pass_at_k(5, 3, 3), 1);
  EXPECT_EQ(pass_at_k(1, 1, 1), 1);
}

TEST(PassAtK, EqualsTheCombinatorialForm) {
  const auto choose = [](int64_t n, int64_t k) {
    return std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1));
  };
  for (int64_t n = 1; n <= 12; ++n) {
    for (int64_t c = 0; c <= n; ++c) {
      for (int64_t k = 1; k <= n - c; ++k) {
        EXPECT_NEAR(pass_at_k(n, c, k), 1 - choose(n - c, k) / choose(n, k), 1e-9);
      }
    }
  }
}

TEST(PassAtK, RefusesImpossibleCounts) {
  EXPECT_THROW(pass_at_k(4, 1, 5), Error);
  EXPECT_THROW(pass_at_k(4, 5, 1), Error);
  EXPECT_THROW(pass_at_k(4, 1, 0), Error);
}

struct Moments {
  double mean = 0;
  double standard_error = 0;
};

// Over 20 000 problems of 10 tries, each right with probability 0.2.
template <typename Estimate>
Moments simulate(const Estimate& estimate) {
  constexpr int kDraws = 20000;
  RandomStream stream(StreamKey{3, "test", "pass_at_k", 0, 0});
  double sum = 0;
  double squares = 0;
  for (int i = 0; i < kDraws; ++i) {
    int64_t c = 0;
    for (int j = 0; j < 10; ++j) c += stream.uniform() < 0.2 ? 1 : 0;
    const double value = estimate(c);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / kDraws;
  return {mean, std::sqrt((squares / kDraws - mean * mean) / kDraws)};
}

TEST(PassAtK, IsUnbiasedWhereTheNaiveEstimateIsNot) {
  for (int64_t k = 1; k <= 5; ++k) {
    const double truth = 1 - std::pow(0.8, k);
    const Moments ours = simulate([&](int64_t c) { return pass_at_k(10, c, k); });
    EXPECT_LT(std::abs(ours.mean - truth), 3 * ours.standard_error) << "k = " << k;
  }
  const Moments naive =
      simulate([](int64_t c) { return 1 - std::pow(1 - static_cast<double>(c) / 10, 5); });
  EXPECT_GT(std::abs(naive.mean - (1 - std::pow(0.8, 5))), 3 * naive.standard_error);
}

}  // namespace
}  // namespace kd::metrics
