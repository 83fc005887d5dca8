#include "core/data/degenerate.h"

#include <gtest/gtest.h>

#include "kd/error.h"

namespace kd::core {
namespace {

std::string repeated(const std::string& unit, int times) {
  std::string out;
  for (int i = 0; i < times; ++i) out += unit;
  return out;
}

bool loops(const std::string& text) { return repeats_endlessly(text, {}); }

TEST(Degenerate, LoopsAtTheEnd) {
  EXPECT_TRUE(loops("so it is " + repeated("0", 40)));
  EXPECT_TRUE(loops(repeated("wait, no. ", 6)));
  EXPECT_TRUE(loops("x" + repeated("the answer is then ", 4)));
  EXPECT_FALSE(loops("x" + repeated("the answer is then ", 3)));
  EXPECT_FALSE(loops(repeated("0", 31)));
}

TEST(Degenerate, RepeatedLinesAndNgrams) {
  const std::string line = "Let me check this once more.\n";
  EXPECT_TRUE(loops(line + "a\n" + line + "b\n" + line + "done"));
  EXPECT_FALSE(loops(line + "a\n" + line + "b\n" + "done"));
  std::string words;
  for (int i = 0; i < 20; ++i) words += "w" + std::to_string(i) + " ";
  EXPECT_TRUE(loops(words + "x " + words + "y " + words + "z"));
  EXPECT_FALSE(loops(words + "x " + words + "y"));
}

TEST(Degenerate, OrdinarySolutionsAreNone) {
  EXPECT_FALSE(loops("7+5=12 2+6+1=9 8+9=17 4+3+1=8 =8792"));
  EXPECT_FALSE(loops("1+1=2 1+1=2 1+1=2 1+1=2 =2222"));
  EXPECT_FALSE(loops("0+0=0 0+0=0 0+0=0 1+1=2 =2000"));
  EXPECT_FALSE(loops(""));
  EXPECT_FALSE(loops("\n\n\n"));
}

TEST(Degenerate, TruncationIsToldByTwoColumns) {
  EXPECT_TRUE(is_truncated({{"truncated", true}}));
  EXPECT_TRUE(is_truncated({{"finish_reason", "length"}}));
  EXPECT_FALSE(is_truncated({{"truncated", false}, {"finish_reason", "stop"}}));
  EXPECT_FALSE(is_truncated({}));
}

TEST(Degenerate, TextOfACompletion) {
  EXPECT_EQ(completion_text("a"), "a");
  EXPECT_EQ(
      completion_text(Value::List{Value::Map{{"content", "a"}}, Value::Map{{"content", "b"}}}),
      "a\nb");
  EXPECT_THROW(completion_text(5), Error);
  EXPECT_THROW(completion_text(Value::List{5}), Error);
}

}  // namespace
}  // namespace kd::core
