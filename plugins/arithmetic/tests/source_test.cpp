#include <gtest/gtest.h>

#include <set>
#include <string>

#include "kd/data.h"
#include "problem_set.h"
#include "tests/support/components.h"

namespace kd::arithmetic {
namespace {

using test::PluginComponents;

std::shared_ptr<const RowSource> rows(const std::string& split, const Value::Map& params = {}) {
  return PluginComponents().make<DataSource>("arithmetic", params)->split(split);
}

std::string text(const Row& row, const char* column) { return row.at(column).as_string(); }

// "a+b" and "b+a" alike.
std::set<std::string> ids_of(const RowSource& source) {
  std::set<std::string> ids;
  for (int64_t i = 0; i < source.size(); ++i) ids.insert(text(source.row(i), "id"));
  return ids;
}

TEST(ArithmeticSource, RowsHaveAllColumns) {
  const Row row = rows("train", {{"operation", "mixed"}})->row(7);
  EXPECT_EQ(text(row, "answer"),
            text(row, "completion").substr(text(row, "completion").rfind('=') + 1));
  EXPECT_EQ(row.at("level").as_integer(), 3);
  EXPECT_FALSE(text(row, "prompt").empty());
  EXPECT_NE(text(row, "id").find(text(row, "operation") + ":"), std::string::npos);
}

TEST(ArithmeticSource, SizesAreAsAsked) {
  EXPECT_EQ(rows("train", {{"count", 77}})->size(), 77);
  EXPECT_EQ(rows("validation")->size(), 512);
  EXPECT_EQ(rows("test")->size(), 2000);
}

TEST(ArithmeticSource, SplitsShareNoProblemWhateverTheSeeds) {
  const auto train = ids_of(*rows("train", {{"count", 20000}, {"level", 2}, {"seed", 1}}));
  for (const char* split : {"validation", "test"}) {
    for (const int seed : {1, 2, 3}) {
      for (const auto& id : ids_of(*rows(split, {{"level", 2}, {"seed", seed}}))) {
        ASSERT_EQ(train.count(id), 0U) << split << " seed " << seed << ": " << id;
      }
    }
  }
}

TEST(ArithmeticSource, ProblemsDiffer) {
  for (const char* operation : {"add", "subtract", "multiply", "mixed"}) {
    const auto source = rows("train", {{"count", 5000}, {"operation", operation}});
    EXPECT_EQ(ids_of(*source).size(), 5000U) << operation;
  }
}

TEST(ArithmeticSource, DependsOnTheSeedAndOnNothingElse) {
  const auto a = rows("train", {{"seed", 5}, {"count", 100}});
  const auto b = rows("train", {{"seed", 5}, {"count", 100}, {"test_count", 10}});
  const auto longer = rows("train", {{"seed", 5}, {"count", 200}});
  const auto other = rows("train", {{"seed", 6}, {"count", 100}});
  int64_t equal_to_other = 0;
  for (int64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(Value(a->row(i)), Value(b->row(i)));
    EXPECT_EQ(Value(a->row(i)), Value(longer->row(i)));
    equal_to_other += a->row(i) == other->row(i) ? 1 : 0;
  }
  EXPECT_LT(equal_to_other, 3);
}

TEST(ArithmeticSource, LevelsHaveMoreDigits) {
  for (int64_t level = 1; level <= 5; ++level) {
    const Row row = rows("train", {{"level", level}})->row(0);
    EXPECT_EQ(text(row, "prompt").find('+'), static_cast<size_t>(level + 1));
  }
}

// Two digits: 90·91/2 = 4095 sums in all.
TEST(ArithmeticSource, SmallSpacesRepeatInTrainingAndEndInTests) {
  const auto train = rows("train", {{"level", 1}, {"count", 6000}});
  const auto held_out = rows("test", {{"level", 1}});
  const auto validation = rows("validation", {{"level", 1}});
  EXPECT_EQ(train->size(), 6000);
  EXPECT_EQ(ids_of(*train).size() + static_cast<size_t>(held_out->size() + validation->size()),
            4095U);
  EXPECT_EQ(static_cast<int64_t>(ids_of(*held_out).size()), held_out->size());
  EXPECT_NEAR(static_cast<double>(held_out->size()), 409.5, 60);
}

TEST(ArithmeticSource, NamesTheSplitThatIsMeant) {
  try {
    rows("tset");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean 'test'"), std::string::npos)
        << error.what();
  }
}

TEST(ArithmeticSource, RefusesALevelThatIsNotThere) {
  EXPECT_THROW(rows("train", {{"level", 6}}), Error);
  EXPECT_THROW(rows("train", {{"operation", "divide"}}), Error);
}

}  // namespace
}  // namespace kd::arithmetic
