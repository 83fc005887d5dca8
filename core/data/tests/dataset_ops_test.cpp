#include "core/data/dataset_ops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/data/tests/support.h"

namespace kd::core {
namespace {

using Op = DatasetHandle::Op;
using test::apply;
using test::error_of;
using test::function;
using test::run;
using test::traces;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Row> numbered(int64_t count) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < count; ++i) {
    rows.push_back({{"id", i},
                    {"prompt", cat("p", i / 2)},
                    {"level", static_cast<double>(i % 5)},
                    {"kind", i % 3 == 0 ? "x" : "y"},
                    {"correct", i % 2 == 0}});
  }
  return rows;
}

std::vector<int64_t> ids(const std::vector<Row>& rows) {
  std::vector<int64_t> out;
  for (const auto& row : rows) out.push_back(row.at("id").as_integer());
  return out;
}

std::vector<int64_t> where(const Value& argument, int64_t count = 10) {
  return ids(run(apply(traces(), Op::kWhere, argument), numbered(count)));
}

TEST(Where, KeepsRowsThatMatchAll) {
  EXPECT_THAT(where(Value::Map{{"correct", true}}), ElementsAre(0, 2, 4, 6, 8));
  EXPECT_THAT(where(Value::Map{{"correct", true}, {"kind", "x"}}), ElementsAre(0, 6));
  EXPECT_THAT(where(Value::Map{{"level", 2}}), ElementsAre(2, 7));  // 2 is 2.0
  EXPECT_THAT(where(Value::Map{{"level", Value::Map{{"min", 1}, {"max", 2}}}}),
              ElementsAre(1, 2, 6, 7));
  EXPECT_THAT(where(Value::Map{{"level", Value::Map{{"min", 4}}}}), ElementsAre(4, 9));
  EXPECT_THAT(where(Value::Map{{"level", Value::List{0, 4}}}), ElementsAre(0, 4, 5, 9));
}

TEST(Where, TakesAFunction) {
  const Value odd =
      function([](const Row& row) { return Value(row.at("id").as_integer() % 2 == 1); });
  EXPECT_THAT(where(odd), ElementsAre(1, 3, 5, 7, 9));
  EXPECT_THAT(where(Value::Map{{"filter", odd}}), ElementsAre(1, 3, 5, 7, 9));
  const Value wrong = function([](const Row&) { return Value("yes"); });
  EXPECT_THAT(error_of([&] { where(wrong); }).what(), HasSubstr("returned 'yes'"));
}

TEST(Where, RowsWithoutTheColumnDoNotMatch) {
  const auto rows = run(apply(traces(), Op::kWhere, Value::Map{{"score", 1}}),
                        {{{"id", 0}}, {{"id", 1}, {"score", 1}}});
  EXPECT_THAT(ids(rows), ElementsAre(1));
}

TEST(Where, AColumnThatNoRowHasIsAnError) {
  const Error error = error_of([] { where(Value::Map{{"corect", true}}); });
  EXPECT_EQ(error.code(), ErrorCode::kData);
  EXPECT_THAT(error.what(), HasSubstr("recipe.lua:7"));
  EXPECT_THAT(error.what(), HasSubstr("traces.data has no column 'corect'"));
  EXPECT_THAT(error.what(), HasSubstr("did you mean 'correct'"));
  EXPECT_THAT(error.what(), HasSubstr("kind"));
}

TEST(Map, RenamesColumns) {
  const auto rows = run(
      apply(traces(), Op::kMap, Value::Map{{"rename", Value::Map{{"id", "number"}}}}), numbered(2));
  EXPECT_EQ(rows[1].at("number").as_integer(), 1);
  EXPECT_EQ(rows[1].count("id"), 0U);
  EXPECT_EQ(rows[1].size(), 5U);
}

TEST(Map, RefusesNamesThatAreTakenAndColumnsThatAreNotThere) {
  const auto rename = [](const char* from, const char* to) {
    return apply(traces(), Op::kMap, Value::Map{{"rename", Value::Map{{from, to}}}});
  };
  EXPECT_THAT(error_of([&] { run(rename("id", "kind"), numbered(1)); }).what(),
              HasSubstr("'kind'"));
  EXPECT_THAT(error_of([&] { run(rename("di", "x"), numbered(1)); }).what(),
              HasSubstr("no column 'di'"));
}

TEST(Map, TakesAFunctionThatMayDropRows) {
  const Value twice = function([](const Row& row) {
    const auto id = row.at("id").as_integer();
    return id == 1 ? Value() : Value(Row{{"id", 2 * id}});
  });
  EXPECT_THAT(ids(run(apply(traces(), Op::kMap, twice), numbered(4))), ElementsAre(0, 4, 6));
  const Value wrong = function([](const Row&) { return Value(5); });
  EXPECT_THAT(error_of([&] { run(apply(traces(), Op::kMap, wrong), numbered(1)); }).what(),
              HasSubstr("returned 5"));
}

TEST(Take, GivesTheFirstRows) {
  EXPECT_THAT(ids(run(apply(traces(), Op::kTake, 3), numbered(10))), ElementsAre(0, 1, 2));
  EXPECT_EQ(run(apply(traces(), Op::kTake, Value::Map{{"n", 30}}), numbered(10)).size(), 10U);
}

TEST(Shuffle, IsAPermutationThatTheSeedDecides) {
  const auto order = [](int seed) {
    return ids(run(apply(traces(), Op::kShuffle, seed), numbered(50)));
  };
  auto sorted = order(1);
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
  std::sort(sorted.begin(), sorted.end());
  EXPECT_EQ(sorted, ids(numbered(50)));
}

const Value kParts(Value::Map{{"train", 0.8}, {"test", 0.2}});

TEST(Split, PartsAreDisjointCompleteAndKeepProblemsTogether) {
  const auto train = run(apply(traces(), Op::kSplit, kParts, "train"), numbered(2000));
  const auto held_out = run(apply(traces(), Op::kSplit, kParts, "test"), numbered(2000));
  EXPECT_EQ(train.size() + held_out.size(), 2000U);
  EXPECT_NEAR(static_cast<double>(train.size()), 1600, 60);
  std::set<std::string> prompts;
  for (const auto& row : train) prompts.insert(row.at("prompt").as_string());
  for (const auto& row : held_out) EXPECT_EQ(prompts.count(row.at("prompt").as_string()), 0U);
}

TEST(Split, DependsOnTheProblemAndTheSeedAlone) {
  const auto few = ids(run(apply(traces(), Op::kSplit, kParts, "test"), numbered(100)));
  const auto many = ids(run(apply(traces(), Op::kSplit, kParts, "test"), numbered(200)));
  EXPECT_TRUE(std::equal(few.begin(), few.end(), many.begin()));
  const Value other(Value::Map{{"train", 0.8}, {"test", 0.2}, {"seed", 1}});
  EXPECT_NE(ids(run(apply(traces(), Op::kSplit, other, "test"), numbered(100))), few);
}

TEST(Split, FractionsAndNamesAreChecked) {
  const auto split = [](const Value& parts, const char* part) {
    return run(apply(traces(), Op::kSplit, parts, part), numbered(10));
  };
  EXPECT_THAT(error_of([&] {
                split(Value::Map{{"a", 0.7}, {"b", 0.6}}, "a");
              }).what(),
              HasSubstr("1.3"));
  EXPECT_THAT(error_of([&] { split(Value::Map{{"a", -1}}, "a"); }).what(), HasSubstr("'a'"));
  EXPECT_THAT(error_of([&] { split(Value::Map{}, "a"); }).what(), HasSubstr("no parts"));
  EXPECT_THAT(error_of([&] { split(kParts, "tets"); }).what(), HasSubstr("did you mean 'test'"));
  const Value by(Value::Map{{"a", 0.5}, {"by", "promt"}});
  EXPECT_THAT(error_of([&] { split(by, "a"); }).what(), HasSubstr("did you mean 'prompt'"));
}

TEST(Operations, ChainWithoutReadingMoreThanTheyNeed) {
  const auto handle =
      apply(apply(apply(traces(), Op::kWhere, Value::Map{{"correct", true}}), Op::kShuffle, 3),
            Op::kTake, 2);
  EXPECT_EQ(run(handle, numbered(10)).size(), 2U);
  EXPECT_EQ(describe_dataset(*handle), "traces.data:where:shuffle:take");
}

TEST(Operations, OptionsAreChecked) {
  EXPECT_THAT(error_of([] {
                dataset_op_options(Op::kTake, Value::Map{{"m", 1}});
              }).what(),
              HasSubstr("'m'"));
  EXPECT_THAT(error_of([] { dataset_op_options(Op::kTake, Value()); }).what(), HasSubstr("n"));
  EXPECT_THAT(error_of([] { dataset_op_options(Op::kWhere, Value("x")); }).what(),
              HasSubstr("string"));
  EXPECT_EQ(error_of([] { dataset_op_options(Op::kWhere, Value::Map{}); }).code(),
            ErrorCode::kUsage);
  EXPECT_EQ(error_of([] { dataset_op_options(Op::kMap, Value::Map{}); }).code(), ErrorCode::kUsage);
  EXPECT_EQ(error_of([] {
              dataset_op_options(Op::kPairs, Value::Map{{"per_problem", 0}});
            }).code(),
            ErrorCode::kUsage);
  EXPECT_EQ(error_of([] { dataset_op_schema(Op::kSource); }).code(), ErrorCode::kInternal);
}

TEST(Operations, AnEmptyDatasetStaysEmpty) {
  EXPECT_TRUE(run(apply(traces(), Op::kWhere, Value::Map{{"x", 1}}), {}).empty());
  EXPECT_TRUE(run(apply(traces(), Op::kSplit, kParts, "train"), {}).empty());
  EXPECT_TRUE(run(apply(traces(), Op::kPairs, Value()), {}).empty());
}

}  // namespace
}  // namespace kd::core
