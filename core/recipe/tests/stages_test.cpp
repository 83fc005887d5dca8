// The two passes: results, failures of stages, problems in the run pass.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/recipe/tests/fakes.h"
#include "kd/error.h"

namespace kd::core::testing {
namespace {

using ::testing::HasSubstr;

const char* const kReadsResult = R"lua(local kd = require "kd.v1"
local e = kd.evaluate "first" { data = kd.data.arithmetic {}.test }
local ok = pcall(function() return e.results.accuracy end)
kd.evaluate "second" { data = kd.data.arithmetic {}.test }
)lua";

TEST(Stages, ReadingAResultEndsThePlanThere) {
  RecipeFolder folder(kReadsResult);
  const PlanReport report = folder.plan();
  EXPECT_EQ(texts(report.problems), "");
  EXPECT_EQ(report.known_up_to.str(), "recipe.lua:3");
  ASSERT_EQ(report.stages.size(), 1U);
}

TEST(Stages, AResultOfAFinishedStageIsThere) {
  RecipeFolder folder(kReadsResult);
  folder.host.finished["first"] = {{"accuracy", 0.5}};
  const PlanReport report = folder.plan();
  EXPECT_EQ(report.known_up_to.line, 0);
  EXPECT_EQ(report.stages.size(), 2U);
}

TEST(Stages, ResultsArePlainDataInTheRunPass) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
local e = kd.evaluate "first" {}
if e.results.accuracy["pass@1"] > 0.4 then kd.show "good" { value = e.results } end
)lua");
  folder.host.finished["first"] = {{"accuracy", Value::Map{{"pass@1", 0.5}}}};
  folder.run();
  ASSERT_EQ(folder.host.calls.size(), 2U);
  EXPECT_EQ(folder.host.calls[1].first.name, "good");
}

TEST(Stages, AFailingStageEndsTheRunWithItsPlaceAndCannotBeCaught) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
pcall(function()
  kd.evaluate "first" {}
end)
kd.evaluate "second" {}
)lua");
  folder.host.on_call = [](const StageCall&, Pass) {
    throw Error(ErrorCode::kDisk, "no space left", "free some");
  };
  try {
    folder.run();
    FAIL() << "the failure was swallowed";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kDisk);
    EXPECT_EQ(std::string(error.what()),
              "recipe.lua:3: evaluate \"first\": no space left\n  hint: free some");
  }
  EXPECT_EQ(folder.host.calls.size(), 1U);
}

struct Interrupted : std::exception {
  int signal = 15;
};

TEST(Stages, ForeignExceptionsArriveAsTheyAre) {
  RecipeFolder folder("local kd = require 'kd.v1'\nkd.evaluate 'first' {}\n");
  folder.host.on_call = [](const StageCall&, Pass) { throw Interrupted(); };
  try {
    folder.run();
    FAIL();
  } catch (const Interrupted& interrupted) {
    EXPECT_EQ(interrupted.signal, 15);
  }
}

TEST(Stages, WhatTheHostRefusesInThePlanIsCollected) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
local a = kd.generate "a" { model = kd.teacher.causal_lm {}, prompts = kd.data.arithmetic {}.train }
kd.train "b" { student = kd.student.causal_lm {}, data = a.data, objective = kd.objective.redi {} }
kd.evaluate "c" {}
)lua");
  folder.host.on_call = [](const StageCall& call, Pass) {
    if (call.name != "b") throw Error(ErrorCode::kUsage, "vocabularies differ: " + call.name);
  };
  EXPECT_EQ(folder.problems(),
            "recipe.lua:2: generate \"a\": vocabularies differ: a\n"
            "recipe.lua:4: evaluate \"c\": vocabularies differ: c\n");
  EXPECT_EQ(folder.host.calls.size(), 2U) << "b depends on a, and cannot be judged";
}

TEST(Stages, ProblemsFoundOnlyInTheRunPassEndIt) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
local e = kd.evaluate "first" {}
if e.results.low then pcall(kd.objective.redi, { alpha = 3 }) end
)lua");
  folder.host.finished["first"] = {{"low", true}};
  try {
    folder.run();
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(),
                HasSubstr("recipe.lua:3: objective.redi: 'alpha' must be in [0, 1], got 3"));
  }
}

TEST(Stages, FunctionsThatAStageRunsCannotCallStages) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
kd.show "x" { f = function()
  return require("kd.v1").evaluate "inner" {}
end }
)lua");
  folder.host.on_call = [](const StageCall& call, Pass) {
    held<Callable>(call.options.at("f"))->call({});
  };
  EXPECT_THAT(folder.problems(),
              HasSubstr("recipe.lua:3: a stage cannot be called by a function that a stage runs"));
}

TEST(Stages, AllProblemsAreThrownAsOneError) {
  RecipeFolder folder(
      "local kd = require 'kd.v1'\nkd.objective.redi { a = 1 }\nkd.objective.redi { b = 1 }\n");
  const PlanReport report = folder.plan();
  try {
    require_no_problems(report, folder.options.path);
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
    EXPECT_THAT(error.what(), HasSubstr("2 problems in recipe.lua\nrecipe.lua:2: "));
  }
}

}  // namespace
}  // namespace kd::core::testing
