#include "core/report/results.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kd/error.h"

namespace kd::core {
namespace {

Result make(std::string model, double value, int64_t seed = 0, std::string group = {}) {
  Result result;
  result.stage = group.empty() ? "eval" : group + "/" + std::to_string(seed);
  result.model = std::move(model);
  result.metric = "pass@1";
  result.value = value;
  result.n = 100;
  result.seed = seed;
  result.group = std::move(group);
  return result;
}

TEST(Results, PairedDifferenceMatchesClosedForm) {
  // Differences 1, 0, 1, 0: mean 0.5, sample variance 1/3, standard error sqrt(1/12).
  const PairedDifference d = paired_difference({1, 0, 1, 1}, {0, 0, 0, 1});
  EXPECT_DOUBLE_EQ(d.mean, 0.5);
  EXPECT_NEAR(d.high - d.low, 2 * 1.959964 * std::sqrt(1.0 / 12.0), 1e-9);
  EXPECT_NEAR((d.high + d.low) / 2, 0.5, 1e-12);
}

TEST(Results, PairedDifferenceRefusesUnequalLengths) {
  EXPECT_THROW(paired_difference({1, 2}, {1}), Error);
  EXPECT_THROW(paired_difference({}, {}), Error);
}

TEST(Results, TableShowsSpreadOverSeedsOfAGroup) {
  const std::string table =
      results_table({make("sft", 0.5, 1, "arm"), make("sft", 0.7, 2, "arm"), make("dpo", 0.25)});
  EXPECT_EQ(table,
            "stage  model  metric  value            n\n"
            "arm    sft    pass@1  0.6000 ± 0.1414  100\n"
            "eval   dpo    pass@1  0.2500           100\n");
}

TEST(Results, SurviveTheWayThroughPlainData) {
  Result result = make("redi", 0.875, 4);
  result.baseline = "sft";
  result.difference = 0.1;
  result.interval_low = 0.05;
  result.interval_high = 0.15;
  const Result back = result_from_value(to_value(result));
  EXPECT_EQ(back.model, "redi");
  EXPECT_EQ(back.seed, 4);
  EXPECT_EQ(back.baseline, "sft");
  EXPECT_DOUBLE_EQ(*back.difference, 0.1);
  EXPECT_DOUBLE_EQ(*back.interval_high, 0.15);
  EXPECT_FALSE(result_from_value(to_value(make("x", 1))).difference);
}

}  // namespace
}  // namespace kd::core
