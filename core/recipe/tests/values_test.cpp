// Lua values <-> kd::Value.
#include "core/recipe/values.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "core/recipe/tests/fakes.h"
#include "kd/error.h"

namespace kd::core::testing {
namespace {

using ::testing::HasSubstr;

Value value_of(const std::string& expression) {
  return shown("local kd = require 'kd.v1'\nkd.show 'x' { value = " + expression + " }\n")
      .at("value");
}

std::string problem_of(const std::string& expression) {
  return problems_of("local kd = require 'kd.v1'\nkd.show 'x' { value = " + expression + " }\n");
}

TEST(Values, ScalarsKeepTheirType) {
  EXPECT_EQ(value_of("true"), Value(true));
  EXPECT_EQ(value_of("2000"), Value(2000));
  EXPECT_TRUE(value_of("2000").is_integer());
  EXPECT_FALSE(value_of("2000.0").is_integer());
  EXPECT_EQ(value_of("'a\\0b'").as_string().size(), 3U);
  EXPECT_EQ(value_of("math.huge").as_number(), std::numeric_limits<double>::infinity());
  EXPECT_EQ(value_of("math.mininteger"), Value(std::numeric_limits<int64_t>::min()));
}

TEST(Values, TablesAreListsOrMaps) {
  EXPECT_EQ(value_of("{ 1, { 'a' }, { b = { 2 } } }"),
            Value(Value::List{1, Value::List{"a"}, Value::Map{{"b", Value::List{2}}}}));
  EXPECT_TRUE(value_of("{}").is_map());
  EXPECT_EQ(value_of("{ [1] = 'a', [2.0] = 'b' }"), Value(Value::List{"a", "b"}));
}

TEST(Values, AmbiguousTablesAreProblems) {
  EXPECT_THAT(problem_of("{ 1, a = 2 }"),
              HasSubstr("'value': a table with both keys ('a') and positional items"));
  EXPECT_THAT(problem_of("{ [5] = 1 }"), HasSubstr("'value': item 5 stands alone"));
  EXPECT_THAT(problem_of("{ 1, nil, 3 }"), HasSubstr("item 2 of 3 is nil"));
  EXPECT_THAT(problem_of("{ [true] = 1 }"), HasSubstr("a key that is a boolean"));
  EXPECT_THAT(problem_of("{ [1.5] = 1 }"), HasSubstr("a key that is a number"));
  EXPECT_THAT(problem_of("{ a = { b = { 0/0 } } }"),
              HasSubstr("'value.a.b[1]': this number is NaN"));
  EXPECT_THAT(problem_of("setmetatable({}, {})"), HasSubstr("a table with a metatable"));
}

TEST(Values, TablesThatContainThemselvesAreProblems) {
  EXPECT_THAT(
      problems_of("local kd = require 'kd.v1'\nlocal t = {}\nt.t = t\nkd.show 'x' { value = t }\n"),
      HasSubstr("tables are nested too deeply, or contain themselves"));
}

TEST(Values, ValuesComeBackUnchanged) {
  const Value sent =
      Value(Value::Map{{"list", Value::List{1, 2.5, "x", true}}, {"map", Value::Map{{"k", 1}}}});
  RecipeFolder folder("local kd = require 'kd.v1'\nkd.show 'x' { f = function(v) return v end }\n");
  const PlanReport report = folder.plan();
  EXPECT_EQ(held<Callable>(folder.host.calls.at(0).first.options.at("f"))->call({sent}), sent);
}

TEST(Values, AForgottenTableIsNamed) {
  EXPECT_THAT(
      problems_of("local kd = require 'kd.v1'\nkd.train 't' { student = kd.student.causal_lm {}, "
                  "data = kd.data.arithmetic {}.train, objective = kd.objective.redi }\n"),
      HasSubstr(
          "'objective' must be an objective, got a constructor (write kd.objective.redi { … })"));
}

}  // namespace
}  // namespace kd::core::testing
