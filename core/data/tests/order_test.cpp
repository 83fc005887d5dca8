#include "core/data/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "core/data/tests/support.h"

namespace kd::core {
namespace {

std::vector<int64_t> counted(int64_t n) {
  std::vector<int64_t> out(static_cast<size_t>(n));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

BatchOrder order(OrderOptions options, int64_t rows = 100, uint64_t seed = 1,
                 const std::string& stage = "sft") {
  return {seed, stage, counted(rows), options};
}

std::vector<int64_t> epoch(BatchOrder& batches, int64_t number) {
  std::vector<int64_t> out;
  for (int64_t s = 0; s < batches.steps_per_epoch(); ++s) {
    const auto& batch = batches.batch(number * batches.steps_per_epoch() + s);
    out.insert(out.end(), batch.begin(), batch.end());
  }
  return out;
}

TEST(BatchOrder, EveryEpochHasEveryRowOnceInAnotherOrder) {
  auto batches = order({.batch_size = 8});
  EXPECT_EQ(batches.steps_per_epoch(), 13);
  EXPECT_EQ(batches.batch(12).size(), 4U);
  const auto first = epoch(batches, 0);
  const auto second = epoch(batches, 1);
  EXPECT_NE(first, second);
  EXPECT_TRUE(std::is_permutation(first.begin(), first.end(), counted(100).begin()));
  EXPECT_TRUE(std::is_permutation(second.begin(), second.end(), first.begin()));
}

TEST(BatchOrder, AStepDoesNotDependOnWhatWasAskedBefore) {
  for (const int64_t window : {0, 3}) {
    auto forward = order({.batch_size = 8, .length_window = window});
    auto jumping = order({.batch_size = 8, .length_window = window});
    for (int64_t step = 0; step < 40; ++step) forward.batch(step);
    EXPECT_EQ(jumping.batch(37), forward.batch(37));
    EXPECT_EQ(jumping.batch(3), forward.batch(3));
  }
}

TEST(BatchOrder, SeedAndStageDecide) {
  auto base = order({.batch_size = 100});
  auto same = order({.batch_size = 100});
  auto seed = order({.batch_size = 100}, 100, 2);
  auto stage = order({.batch_size = 100}, 100, 1, "redi");
  EXPECT_EQ(base.batch(0), same.batch(0));
  EXPECT_NE(base.batch(0), seed.batch(0));
  EXPECT_NE(base.batch(0), stage.batch(0));
}

TEST(BatchOrder, ShuffleAndTheLastBatchAreChoices) {
  auto plain = order({.batch_size = 8, .shuffle = false, .drop_last = true});
  EXPECT_EQ(plain.steps_per_epoch(), 12);
  EXPECT_EQ(plain.batch(0), counted(8));
  EXPECT_EQ(plain.batch(12), counted(8));
  EXPECT_THROW(order({.batch_size = 8, .drop_last = true}, 7), Error);
  EXPECT_THROW(order({.batch_size = 8}, 0), Error);
}

TEST(BatchOrder, WindowsMakeBatchesOfSimilarLength) {
  const auto spread = [](BatchOrder& batches) {
    int64_t sum = 0;
    for (int64_t s = 0; s < batches.steps_per_epoch(); ++s) {
      const auto& batch = batches.batch(s);
      const auto [low, high] = std::minmax_element(batch.begin(), batch.end());
      sum += *high - *low;  // lengths are the row numbers
    }
    return sum / batches.steps_per_epoch();
  };
  auto random = order({.batch_size = 8}, 1000);
  auto sorted = order({.batch_size = 8, .length_window = 16}, 1000);
  EXPECT_LT(4 * spread(sorted), spread(random));
  const auto all = epoch(sorted, 0);
  EXPECT_TRUE(std::is_permutation(all.begin(), all.end(), counted(1000).begin()));
  // Short batches do not all come first.
  EXPECT_FALSE(std::is_sorted(all.begin(), all.begin() + 64));
}

}  // namespace
}  // namespace kd::core
