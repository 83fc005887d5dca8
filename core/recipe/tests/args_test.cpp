// kd.args, --set and --help.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/recipe/tests/fakes.h"
#include "kd/error.h"

namespace kd::core::testing {
namespace {

using ::testing::HasSubstr;

const char* const kArguments = R"lua(-- What this recipe does.
local kd = require "kd.v1"
local args = kd.args {
  alpha = kd.number { 0.8, min = 0, max = 1, help = "weight of the negative traces" },
  layers = 4, lr = 1e-3, fast = false, name = "run",
  direction = kd.choice { "forward", "reverse", default = "reverse" },
  teacher = kd.path {}, out = kd.path { "out/x" },
}
kd.show "x" { value = args }
)lua";

Value::Map with(std::vector<std::pair<std::string, std::string>> set) {
  RecipeFolder folder(kArguments);
  folder.options.set = std::move(set);
  const PlanReport report = folder.plan();
  require_no_problems(report, "recipe.lua");
  return report.argument_values;
}

std::string problem_with(std::string name, std::string text) {
  RecipeFolder folder(kArguments);
  folder.options.set = {{std::move(name), std::move(text)}};
  return folder.problems();
}

TEST(Args, DefaultsKeepTheirTypes) {
  const auto values = with({});
  EXPECT_EQ(values.at("alpha"), Value(0.8));
  EXPECT_EQ(values.at("layers"), Value(4));
  EXPECT_EQ(values.at("fast"), Value(false));
  EXPECT_EQ(values.at("direction"), Value("reverse"));
  EXPECT_EQ(values.count("teacher"), 0U) << "a path without a default is nil";
}

TEST(Args, SettingsAreReadByType) {
  const auto values = with({{"layers", "1"},
                            {"layers", "12"},
                            {"lr", "1e-4"},
                            {"fast", "true"},
                            {"name", "7"},
                            {"alpha", "1"}});
  EXPECT_EQ(values.at("layers"), Value(12)) << "the last one wins";
  EXPECT_EQ(values.at("lr"), Value(1e-4));
  EXPECT_EQ(values.at("fast"), Value(true));
  EXPECT_EQ(values.at("name"), Value("7"));
  EXPECT_EQ(values.at("alpha"), Value(1.0));
}

TEST(Args, PathsOfTheRecipeStartAtItsFolderThoseOfTheCommandLineAtTheWorkingDirectory) {
  RecipeFolder folder("");
  folder.write("deep/recipe.lua", kArguments);
  folder.options.path = "deep/recipe.lua";
  folder.options.set = {{"teacher", "models/t"}};
  const auto values = folder.plan().argument_values;
  EXPECT_EQ(values.at("out").as_string(), (folder.path() / "deep/out/x").string());
  EXPECT_EQ(values.at("teacher").as_string(), (folder.path() / "models/t").string());
}

TEST(Args, WrongSettingsAreRefusedWithTheirValue) {
  EXPECT_EQ(problem_with("alpha", "1.5"), "--set alpha=1.5: 'alpha' must be in [0, 1], got 1.5\n");
  EXPECT_THAT(problem_with("layers", "2.5"), HasSubstr("'layers' must be an integer, got 2.5"));
  EXPECT_THAT(problem_with("layers", "many"), HasSubstr("'layers' must be an integer, got 'many'"));
  EXPECT_THAT(problem_with("layers", "4x"), HasSubstr("got '4x'"));
  EXPECT_THAT(problem_with("lr", "nan"), HasSubstr("'lr' must be a number"));
  EXPECT_THAT(problem_with("fast", "yes"), HasSubstr("'fast' must be true or false, got 'yes'"));
  EXPECT_THAT(problem_with("direction", "revers"), HasSubstr("did you mean 'reverse'?"));
}

TEST(Args, UnknownNamesGetASuggestion) {
  EXPECT_THAT(
      problem_with("aplha", "0.5"),
      HasSubstr(
          "--set aplha=0.5: the recipe has no argument 'aplha'\n  hint: did you mean 'alpha'?"));
}

TEST(Args, SettingsForARecipeWithoutArgumentsAreRefused) {
  RecipeFolder folder("local kd = require 'kd.v1'\n");
  folder.options.set = {{"alpha", "1"}};
  EXPECT_THAT(folder.problems(), HasSubstr("the recipe has no argument 'alpha'"));
}

TEST(Args, RequiredArgumentsMustBeGiven) {
  RecipeFolder folder(
      "local kd = require 'kd.v1'\nlocal args = kd.args {\n  teacher = kd.path { required = true "
      "},\n}\nkd.teacher.causal_lm { path = args.teacher }\n");
  EXPECT_EQ(folder.problems(),
            "recipe.lua:3: args: the argument 'teacher' has no value\n  hint: give it with --set "
            "teacher=…\n");
  folder.options.set = {{"teacher", "t"}};
  EXPECT_EQ(folder.problems(), "");
}

TEST(Args, TheTableIsReadOnlyAndKnowsItsNames) {
  const std::string start = "local kd = require 'kd.v1'\nlocal args = kd.args { alpha = 1 }\n";
  EXPECT_THAT(problems_of(start + "args.alpha = 2\n"),
              HasSubstr("recipe.lua:3: cannot set 'alpha'"));
  EXPECT_THAT(
      problems_of(start + "local x = args.aplha\n"),
      HasSubstr("recipe.lua:3: args: there is no argument 'aplha'\n  hint: did you mean 'alpha'?"));
  EXPECT_THAT(problems_of(start + "local more = kd.args { b = 2 }\n"),
              HasSubstr("the arguments are declared at recipe.lua:2 already"));
}

TEST(Args, HelpStopsAtTheDeclarations) {
  RecipeFolder folder(std::string(kArguments) + "error('not reached')\n");
  const std::string text = to_text(describe_recipe(folder.options, folder.catalog, folder.host));
  EXPECT_THAT(text, HasSubstr("What this recipe does.\n"));
  EXPECT_THAT(text, HasSubstr("  alpha = 0.8  (number, 0 to 1)  weight of the negative traces\n"));
  EXPECT_THAT(text, HasSubstr("  direction = 'reverse'  (forward|reverse)\n"));
  EXPECT_THAT(text, HasSubstr("  teacher = <path>  (path)\n"));
  EXPECT_TRUE(folder.host.calls.empty());
  EXPECT_LT(text.find("  layers ="), text.find("  direction =")) << "in the order of the recipe";
}

}  // namespace
}  // namespace kd::core::testing
