#include "core/report/progress.h"

#include <gtest/gtest.h>

namespace kd::core {
namespace {

TEST(Progress, FormatsDurations) {
  EXPECT_EQ(format_duration(12.4), "0:12");
  EXPECT_EQ(format_duration(75), "1:15");
  EXPECT_EQ(format_duration(3723), "1:02:03");
  EXPECT_EQ(format_duration(-1), "-:--");
}

TEST(Progress, FormatsCounts) {
  EXPECT_EQ(format_count(950), "950");
  EXPECT_EQ(format_count(23100), "23.1k");
  EXPECT_EQ(format_count(1234567), "1.2M");
}

TEST(Progress, KnowsItsMemory) { EXPECT_GT(resident_mib(), 1.0); }

}  // namespace
}  // namespace kd::core
