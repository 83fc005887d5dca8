// What a call into a plugin costs: a virtual call through the boundary inside the guard.
#include <chrono>
#include <cstdio>

#include "core/plugin/guard.h"
#include "kd/verifier.h"
#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

using Boundary = fault::PluginFolderTest;

TEST_F(Boundary, ACallCostsLessThanAMicrosecond) {
  add_well_behaved();
  Registry known = registry();
  const auto verifier = known.create_as<Verifier>("exact", {}, fault::context());
  const std::string place = "plugin well_behaved 1.2.3, verify.exact";
  const Row row;
  const std::string completion = "42";
  constexpr int kCalls = 200000;
  double best = 1e9, score = 0;
  for (int repeat = 0; repeat < 5; ++repeat) {
    const auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kCalls; ++i) {
      score += guarded(place, [&] { return verifier->verify(row, completion); }).score;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - start;
    best = std::min(best, took.count() / kCalls);
  }
  std::printf("a call through the plugin boundary: %.1f ns\n", best);
  RecordProperty("nanoseconds", static_cast<int>(best));
  EXPECT_EQ(score, 5.0 * kCalls);
  EXPECT_LT(best, 1000);
}

}  // namespace
}  // namespace kd::core
