#include "kd/error.h"

#include <gtest/gtest.h>

namespace kd {
namespace {

TEST(Error, TextHasPlaceMessageAndHint) {
  Error error(ErrorCode::kData, "no such column", "did you mean 'prompt'?");
  EXPECT_STREQ(error.what(), "no such column\n  hint: did you mean 'prompt'?");
  error.add_where("row 3").add_where("data.jsonl");
  EXPECT_STREQ(error.what(), "data.jsonl: row 3: no such column\n  hint: did you mean 'prompt'?");
  EXPECT_EQ(error.where(), "data.jsonl: row 3");
  EXPECT_EQ(error.code(), ErrorCode::kData);
}

TEST(Error, JoinsAndConcatenates) {
  EXPECT_EQ(join({}), "");
  EXPECT_EQ(join({"a"}), "a");
  EXPECT_EQ(join({"a", "", "b"}, "|"), "a||b");
  EXPECT_EQ(cat("row ", 3, ": ", 0.5), "row 3: 0.5");
}

TEST(Closest, FindsMisspellings) {
  const std::vector<std::string> names{"alpha", "beta", "temperature", "lr"};
  EXPECT_EQ(closest("aplha", names), "alpha");  // neighbours swapped
  EXPECT_EQ(closest("ALPHA", names), "alpha");
  EXPECT_EQ(closest("temprature", names), "temperature");
  EXPECT_EQ(closest("l", names), "lr");
  EXPECT_EQ(closest("gamma", names), "");
  EXPECT_EQ(closest("x", {"y"}), "");  // all letters wrong
  EXPECT_EQ(closest("alpha", {}), "");
  EXPECT_EQ(closest(std::string(1 << 20, 'a'), names), "");
}

TEST(Closest, PrefersTheNearest) { EXPECT_EQ(closest("beto", {"bet", "beta"}), "bet"); }

TEST(DidYouMean, ListsWhatIsValid) {
  EXPECT_EQ(did_you_mean("aplha", {"alpha", "beta"}), "did you mean 'alpha'? valid: alpha, beta");
  EXPECT_EQ(did_you_mean("zzz", {"alpha", "beta"}), "valid: alpha, beta");
  EXPECT_EQ(did_you_mean("zzz", {}), "valid: none");
}

}  // namespace
}  // namespace kd
