#include "kd/random.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "kd/error.h"
#include "kd/random_tensors.h"
#include "sdk/src/philox.h"
#include "sdk/src/portable_math.h"

namespace kd {
namespace {

using detail::philox4x32_10;
using detail::PhiloxCounter;

// The known answers that Random123 publishes for philox4x32 with 10 rounds.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32_10({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox4x32_10({ones, ones, ones, ones}, {ones, ones}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(
      philox4x32_10({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
      (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PortableMath, AgreesWithLibm) {
  for (double x : {0x1p-53, 1e-9, 0.1, 0.5, 0.7, 0.71, 0.999, 1.0, 1.5, 3.0}) {
    EXPECT_NEAR(detail::portable_log(x), std::log(x), 1e-15 * std::max(1.0, -std::log(x))) << x;
  }
  for (int i = 0; i < 1000; ++i) {
    const double turns = i / 1000.0, angle = 2 * M_PI * turns;
    const auto [cos, sin] = detail::portable_cos_sin(turns);
    EXPECT_NEAR(cos, std::cos(angle), 1e-15) << turns;
    EXPECT_NEAR(sin, std::sin(angle), 1e-15) << turns;
  }
}

// Frozen: changing these changes every run of every recipe.
TEST(RandomStream, BitsAreFrozen) {
  RandomStream stream({.run_seed = 7, .stage = "sft", .purpose = "init", .step = 3, .sample = 5});
  EXPECT_EQ(stream.next_u64(), 2734810618946724182u);
  EXPECT_EQ(stream.normal(), 0x1.ed4038f3fc0bep-2);
}

TEST(RandomStream, EveryFieldOfTheKeyMatters) {
  const std::vector<StreamKey> keys{
      {0, "a", "b", 0, 0}, {1, "a", "b", 0, 0}, {0, "ab", "", 0, 0},
      {0, "", "ab", 0, 0}, {0, "a", "c", 0, 0}, {0, "a", "b", 1, 0},
      {0, "a", "b", 0, 1}, {0, "b", "a", 0, 0}, {0, "a\0", "b", 0, 0}};
  std::set<uint64_t> firsts;
  for (const auto& key : keys) firsts.insert(RandomStream(key).next_u64());
  EXPECT_EQ(firsts.size(), keys.size() - 1);  // "a\0" as a literal is "a" again
}

TEST(RandomStream, ChildrenDependOnTheKeyAndNotOnThePosition) {
  RandomStream parent(StreamKey{.run_seed = 1});
  const uint64_t before = parent.child("x", 2).next_u64();
  parent.next_u64();
  EXPECT_EQ(parent.child("x", 2).next_u64(), before);
  EXPECT_NE(parent.child("x", 3).next_u64(), before);
  EXPECT_NE(parent.child("y", 2).next_u64(), before);
  EXPECT_NE(RandomStream(StreamKey{.run_seed = 2}).child("x", 2).next_u64(), before);
}

TEST(RandomStream, CopiesKeepTheirPosition) {
  RandomStream stream(StreamKey{});
  stream.next_u32();
  stream.normal();
  RandomStream copy = stream;
  EXPECT_EQ(copy.normal(), stream.normal());
  EXPECT_EQ(copy.next_u32(), stream.next_u32());
}

TEST(RandomStream, UniformHasItsMoments) {
  RandomStream stream(StreamKey{.run_seed = 3});
  const int n = 200000;
  double sum = 0, squares = 0;
  for (int i = 0; i < n; ++i) {
    const double u = stream.uniform();
    ASSERT_TRUE(u >= 0 && u < 1);
    sum += u;
    squares += u * u;
  }
  EXPECT_NEAR(sum / n, 0.5, 5 * std::sqrt(1.0 / 12 / n));
  EXPECT_NEAR(squares / n, 1.0 / 3, 5 * std::sqrt(4.0 / 45 / n));
}

TEST(RandomStream, NormalHasItsMoments) {
  RandomStream stream(StreamKey{.run_seed = 4});
  const int n = 200000;
  double sum = 0, squares = 0, fourth = 0, neighbours = 0, last = 0;
  for (int i = 0; i < n; ++i) {
    const double z = stream.normal();
    sum += z;
    squares += z * z;
    fourth += z * z * z * z;
    neighbours += z * last;
    last = z;
  }
  EXPECT_NEAR(sum / n, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(squares / n, 1, 5 * std::sqrt(2.0 / n));
  EXPECT_NEAR(fourth / n, 3, 5 * std::sqrt(96.0 / n));
  EXPECT_NEAR(neighbours / n, 0, 5 / std::sqrt(n));
}

TEST(RandomStream, BelowIsUniform) {
  RandomStream stream(StreamKey{.run_seed = 5});
  std::array<int, 3> counts{};
  for (int i = 0; i < 30000; ++i) ++counts.at(stream.below(3));
  for (int count : counts) EXPECT_NEAR(count, 10000, 5 * std::sqrt(30000 * 2.0 / 9));
  // Without rejection, bound 3·2^62 would give values below 2^62 half of the time, not a third.
  const uint64_t bound = 3ull << 62;
  int small = 0;
  for (int i = 0; i < 30000; ++i) small += stream.below(bound) < (1ull << 62);
  EXPECT_NEAR(small, 10000, 5 * std::sqrt(30000 * 2.0 / 9));
  EXPECT_EQ(stream.below(1), 0u);
  EXPECT_THROW(stream.below(0), Error);
}

TEST(RandomStream, PermutationsAreUniform) {
  std::map<std::vector<int64_t>, int> seen;
  RandomStream stream(StreamKey{.run_seed = 6});
  for (int i = 0; i < 6000; ++i) ++seen[stream.permutation(3)];
  EXPECT_EQ(seen.size(), 6u);
  for (const auto& [order, count] : seen) EXPECT_NEAR(count, 1000, 150);
  EXPECT_TRUE(stream.permutation(0).empty());
  EXPECT_THROW(stream.permutation(-1), Error);
}

TEST(RandomTensors, EqualTheStreamInRowMajorOrder) {
  RandomStream a(StreamKey{.run_seed = 8}), b = a;
  const at::Tensor plain = at::empty({2, 3});
  fill_normal(plain, a, 1, 2);
  for (int i = 0; i < 6; ++i) {
    EXPECT_EQ(plain.const_data_ptr<float>()[i], static_cast<float>(1 + 2 * b.normal())) << i;
  }
  RandomStream c(StreamKey{.run_seed = 8});
  const at::Tensor transposed = at::empty({3, 2}).t();
  fill_normal(transposed, c, 1, 2);
  EXPECT_TRUE(transposed.equal(plain));
}

TEST(RandomTensors, UniformStaysInRangeAndLeavesMayRequireGradients) {
  RandomStream stream(StreamKey{});
  const at::Tensor leaf = at::empty({1000}, at::kDouble).set_requires_grad(true);
  fill_uniform(leaf, stream, -2, 3);
  EXPECT_GE(leaf.detach().min().item<double>(), -2);
  EXPECT_LT(leaf.detach().max().item<double>(), 3);
  EXPECT_TRUE(leaf.is_leaf());
  EXPECT_THROW(fill_uniform(at::empty({2}, at::kLong), stream), Error);
}

}  // namespace
}  // namespace kd
