// Finding the line of a key.
#include "core/recipe/source_text.h"

#include <gtest/gtest.h>

namespace kd::core {
namespace {

TEST(SourceText, FindsKeysOfTheCall) {
  const SourceText text(R"(local a = kd.train "x" {
  -- lr = 1 in a comment
  student = s, note = "lr = 2",
  data = rows:where(function(r) local a, lr = 1, 2; return r end),
  optimizer = kd.optimizer.adamw {
    lr = 3 },
  ["lr"] = 4,
  layers = { 1, { size = 2 },
    { size = 3 } },
})");
  EXPECT_EQ(text.key_line(1, "train", "student"), 3);
  EXPECT_EQ(text.key_line(1, "train", "lr"), 7);
  EXPECT_EQ(text.key_line(5, "adamw", "lr"), 6);
  EXPECT_EQ(text.key_line(1, "train", "layers[3].size"), 9);
  EXPECT_EQ(text.key_line(1, "train", "layers[2].size"), 8);
  EXPECT_EQ(text.key_line(1, "train", "layers[2].none"), 8) << "as far as it is written out";
  EXPECT_EQ(text.key_line(1, "train", "absent"), 0);
}

TEST(SourceText, ChoosesAmongCallsOnOneLine) {
  const SourceText text("local o = kl { a = 1,\n b = 2 } + kl { c = 3,\n d = 4 }\n");
  EXPECT_EQ(text.key_line(1, "kl", "b"), 2);
  EXPECT_EQ(text.key_line(2, "kl", "d"), 3);
}

TEST(SourceText, FollowsChains) {
  const SourceText text("local d = rows\n  :where { a = 1 }\n  :pairs {\n    by = 'x' }\n");
  EXPECT_EQ(text.callee_line(1, "pairs"), 3);
  EXPECT_EQ(text.key_line(1, "pairs", "by"), 4);
}

TEST(SourceText, SeesThroughLongStringsAndNames) {
  const SourceText text("kd.train([==[ x = { ]] ]==] .. n) {\n  --[[ y = 1\n ]] y = 2 }\n");
  EXPECT_EQ(text.key_line(1, "train", "y"), 3);
}

TEST(SourceText, BrokenTextEndsTheSearch) {
  for (const char* broken :
       {"f { a = (", "f(", "f { [", "f { a", "--[[", "f 'x", "f { function(", "[=["}) {
    const SourceText text(broken);
    EXPECT_EQ(text.key_line(1, "f", "zzz"), 0) << broken;
  }
}

TEST(SourceText, HeadComment) {
  EXPECT_EQ(SourceText("#!/usr/bin/kdrun\n-- one\n--two\n\n-- three\n").head_comment(),
            "one\ntwo\n");
}

}  // namespace
}  // namespace kd::core
