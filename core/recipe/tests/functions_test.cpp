// Functions that recipes give to the host.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "core/recipe/tests/fakes.h"
#include "kd/error.h"

namespace kd::core::testing {
namespace {

using ::testing::HasSubstr;

// The function `f` of `return`ed text, kept alive by its report.
struct Shown {
  explicit Shown(const std::string& body)
      : folder("local kd = require 'kd.v1'\n" + body + "\nkd.show 'x' { f = f }\n"),
        report(folder.plan()) {}
  std::shared_ptr<const Callable> f() const {
    if (folder.host.calls.empty()) throw std::runtime_error(texts(report.problems));
    return held<Callable>(folder.host.calls[0].first.options.at("f"));
  }
  RecipeFolder folder;
  PlanReport report;
};

std::string fingerprint(const std::string& body) { return Shown(body).f()->fingerprint(); }

TEST(Functions, CallsConvertBothWays) {
  const Shown shown("local f = function(row, n) return { row.a .. '!', n + 1, deep = nil } end");
  const Value out = shown.f()->call({Value(Value::Map{{"a", "x"}}), Value(41)});
  EXPECT_EQ(out, Value(Value::List{"x!", 42}));
}

TEST(Functions, ErrorsInsideKeepTheirLine) {
  const Shown shown("local function f(row)\n  return row.a.b\nend");
  try {
    shown.f()->call({Value(Value::Map{})});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("recipe.lua:3: attempt to index a nil value (field 'a')"));
  }
}

TEST(Functions, CallsAfterTheRecipeOrFromAnotherThreadAreErrors) {
  std::shared_ptr<const Callable> kept;
  {
    const Shown shown("local function f() return 1 end");
    kept = shown.f();
    auto other = std::async(std::launch::async, [&] { return kept->call({}); });
    EXPECT_THROW(other.get(), Error);
    EXPECT_EQ(kept->call({}), Value(1));
  }
  EXPECT_THROW(kept->call({}), Error);
}

TEST(Functions, CommentsNamesAndPlacesDoNotCount) {
  const std::string plain = fingerprint("local f = function(row) return row.a + 1 end");
  EXPECT_EQ(
      plain,
      fingerprint("\n\n-- moved\nlocal f = function(other)\n  -- why\n  return other.a + 1\nend"));
  EXPECT_NE(plain, fingerprint("local f = function(row) return row.a + 2 end"));
  EXPECT_NE(plain, fingerprint("local f = function(row) return row.b + 1 end"));
}

TEST(Functions, NestedFunctionsAndConstantsCount) {
  const auto with = [](const std::string& inner) {
    return fingerprint("local f = function(row) local g = function(x)\n return " + inner +
                       " end return g(row) end");
  };
  EXPECT_EQ(with("x.a * 1.5"), with("x.a  *\n 1.5"));
  EXPECT_NE(with("x.a * 1.5"), with("x.a * 1.25"));
  EXPECT_NE(with("'a long text that is more than forty characters long'"),
            with("'a long text that is more than forty characters lonG'"));
}

TEST(Functions, CapturedValuesCount) {
  const auto with = [](const std::string& value) {
    return fingerprint("local v = " + value + "\nlocal f = function(row) return v end");
  };
  EXPECT_EQ(with("1"), with("1"));
  EXPECT_NE(with("1"), with("2"));
  EXPECT_NE(with("1"), with("1.0"));
  EXPECT_EQ(with("{ a = 1, b = { 2 }, c = 3 }"), with("{ c = 3, b = { 2 }, a = 1 }"));
  EXPECT_NE(with("{ a = 1, b = { 2 } }"), with("{ a = 1, b = { 3 } }"));
  EXPECT_NE(with("function() return 1 end"), with("function() return 2 end"));
  EXPECT_NE(with("math.floor"), with("math.ceil"));
  EXPECT_NE(with("kd.objective.redi { alpha = 0.5 }"), with("kd.objective.redi { alpha = 0.6 }"));
}

TEST(Functions, OtherCapturedValuesAreNamed) {
  const auto problem = [](const std::string& body) { return texts(Shown(body).report.problems); };
  EXPECT_THAT(problem("local f = function() return kd end"),
              HasSubstr("recipe.lua:3: show \"x\": 'f': this function captures 'kd', a module kd"));
  EXPECT_THAT(problem("local e = kd.evaluate 'e' {}\nlocal f = function() return e.results end"),
              HasSubstr("captures 'e', a stage (evaluate)"));
  EXPECT_THAT(problem("local t = setmetatable({}, {})\nlocal g = function() return t end\nlocal f "
                      "= function() return g end"),
              HasSubstr("captures 'g.t', a table with a metatable"));
  EXPECT_THAT(problem("local t = { deep = { [{}] = 1 } }\nlocal f = function() return t end"),
              HasSubstr("captures 't.deep', a table with a key that is a table"));
}

TEST(Functions, RecursionIsFine) {
  const Shown shown("local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end");
  EXPECT_EQ(shown.f()->call({Value(5)}), Value(5));
}

}  // namespace
}  // namespace kd::core::testing
