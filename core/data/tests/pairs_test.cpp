#include "core/data/pairs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/data/tests/support.h"

namespace kd::core {
namespace {

using Op = DatasetHandle::Op;
using test::apply;
using test::error_of;
using test::run;
using test::traces;
using testing::HasSubstr;

Row trace(const std::string& prompt, const std::string& completion, const Value& correct,
          const Value::Map& more = {}) {
  Row row = {{"prompt", prompt}, {"completion", completion}, {"correct", correct}};
  row.insert(more.begin(), more.end());
  return row;
}

std::vector<Row> pairs(std::vector<Row> rows, const Value::Map& options = {}) {
  return run(apply(traces(), Op::kPairs, options), std::move(rows));
}

std::string text(const Row& row, const char* column) { return row.at(column).as_string(); }

TEST(Pairs, JoinARightAndAWrongCompletionOfEachProblem) {
  const auto made =
      pairs({trace("1+1", "2", true), trace("1+1", "3", false), trace("2+2", "5", false),
             trace("3+3", "6", true), trace("4+4", "9", false), trace("4+4", "8", true)});
  ASSERT_EQ(made.size(), 2U);
  EXPECT_EQ(made[0], (Row{{"prompt", "1+1"}, {"chosen", "2"}, {"rejected", "3"}}));
  EXPECT_EQ(made[1], (Row{{"prompt", "4+4"}, {"chosen", "8"}, {"rejected", "9"}}));
}

TEST(Pairs, KeepProvenance) {
  const auto made =
      pairs({trace("p", "a", true, {{"answer", "4"}, {"sample", 0}, {"teacher", "t"}}),
             trace("p", "b", false, {{"answer", "4"}, {"sample", 1}})});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(text(made[0], "answer"), "4");
  EXPECT_EQ(made[0].at("chosen.sample").as_integer(), 0);
  EXPECT_EQ(made[0].at("rejected.sample").as_integer(), 1);
  EXPECT_EQ(text(made[0], "chosen.teacher"), "t");
  EXPECT_EQ(made[0].count("correct") + made[0].count("completion") + made[0].count("sample"), 0U);
}

std::vector<Row> many(int problems, int rights, int wrongs) {
  std::vector<Row> rows;
  for (int p = 0; p < problems; ++p) {
    for (int i = 0; i < rights; ++i) rows.push_back(trace(cat("p", p), cat("r", i), true));
    for (int i = 0; i < wrongs; ++i) rows.push_back(trace(cat("p", p), cat("w", i), false));
  }
  return rows;
}

TEST(Pairs, OneAProblemUnlessAskedForMore) {
  EXPECT_EQ(pairs(many(5, 2, 3)).size(), 5U);
  const auto made = pairs(many(1, 2, 3), {{"per_problem", 10}});
  std::set<std::pair<std::string, std::string>> different;
  for (const auto& pair : made) different.emplace(text(pair, "chosen"), text(pair, "rejected"));
  EXPECT_EQ(made.size(), 6U);  // all combinations
  EXPECT_EQ(different.size(), 6U);
  std::set<std::string> rejected;
  for (const auto& pair : pairs(many(1, 1, 4), {{"per_problem", 4}}))
    rejected.insert(text(pair, "rejected"));
  EXPECT_EQ(rejected.size(), 4U);
}

TEST(Pairs, TheSeedDecidesWhichMeet) {
  EXPECT_EQ(pairs(many(20, 4, 4)), pairs(many(20, 4, 4)));
  EXPECT_NE(pairs(many(20, 4, 4)), pairs(many(20, 4, 4), {{"seed", 1}}));
  // Not always the first ones.
  int firsts = 0;
  for (const auto& pair : pairs(many(100, 4, 4))) firsts += text(pair, "chosen") == "r0" ? 1 : 0;
  EXPECT_NEAR(firsts, 25, 20);
  // Other problems do not matter.
  auto rows = many(3, 4, 4);
  const auto alone = pairs({rows.begin() + 16, rows.end()});
  EXPECT_EQ(pairs(rows)[2], alone[0]);
}

TEST(Pairs, DegenerateNegativesAreDropped) {
  std::string loop;
  for (int i = 0; i < 20; ++i) loop += "again and ";
  const std::vector<Row> degenerate = {
      trace("p", "cut off", false, {{"truncated", true}}),
      trace("p", "cut off too", false, {{"finish_reason", "length"}}),
      trace("p", loop, false),
      trace("p", " \n", false),
      trace("p", "right", false),  // the same text as the chosen one
  };
  for (const auto& row : degenerate) {
    EXPECT_TRUE(pairs({trace("p", "right", true), row}).empty()) << text(row, "completion");
  }
  auto all = degenerate;
  all.push_back(trace("p", "right", true));
  all.push_back(trace("p", "plainly wrong", false));
  const auto made = pairs(all, {{"per_problem", 9}});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(text(made[0], "rejected"), "plainly wrong");
  EXPECT_EQ(pairs({trace("p", "right", true), degenerate[0]}, {{"keep_truncated", true}}).size(),
            1U);
}

TEST(Pairs, RightCompletionsThatWereCutAreNoExample) {
  EXPECT_TRUE(
      pairs({trace("p", "a", true, {{"truncated", true}}), trace("p", "b", false)}).empty());
}

TEST(Pairs, LengthRatioIsLimitedOnRequest) {
  const std::vector<Row> rows = {trace("p", "1234", true), trace("p", "123456789", false)};
  EXPECT_EQ(pairs(rows).size(), 1U);
  EXPECT_EQ(pairs(rows, {{"max_ratio", 2.25}}).size(), 1U);
  EXPECT_EQ(pairs(rows, {{"max_ratio", 2.0}}).size(), 0U);
}

TEST(Pairs, ScoresSetTheBestAgainstTheWorst) {
  const std::vector<Row> rows = {trace("p", "a", 0.5), trace("p", "b", 0.9), trace("p", "c", 0.1),
                                 trace("q", "d", 0.5), trace("q", "e", 0.5)};
  const auto made = pairs(rows, {{"per_problem", 5}});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(text(made[0], "chosen"), "b");
  EXPECT_EQ(text(made[0], "rejected"), "c");
  EXPECT_TRUE(pairs(rows, {{"margin", 0.9}}).empty());
}

TEST(Pairs, ConversationsCanBePaired) {
  const auto said = [](const char* words) {
    return Value(Value::List{Value::Map{{"role", "assistant"}, {"content", words}}});
  };
  Row right = trace("p", "", true);
  Row wrong = trace("p", "", false);
  right["completion"] = said("yes");
  wrong["completion"] = said("no");
  const auto made = pairs({right, wrong});
  ASSERT_EQ(made.size(), 1U);
  EXPECT_EQ(made[0].at("chosen"), said("yes"));
}

TEST(Pairs, ErrorsNameTheColumnOrTheRow) {
  const auto message = [](std::vector<Row> rows, const Value::Map& options = {}) {
    return std::string(error_of([&] { pairs(std::move(rows), options); }).what());
  };
  EXPECT_THAT(message({trace("p", "a", true)}, {{"by", "promt"}}),
              HasSubstr("did you mean 'prompt'"));
  EXPECT_THAT(message({trace("p", "a", true)}, {{"chosen", "right"}}),
              HasSubstr("no column 'right'"));
  EXPECT_THAT(message({trace("p", "a", "yes")}), HasSubstr("here it is 'yes'"));
  EXPECT_THAT(message({trace("p", "a", true), trace("p", "b", 0.5)}), HasSubstr("row 1"));
}

}  // namespace
}  // namespace kd::core
