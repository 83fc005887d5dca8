// Components, datasets, objectives and stages as handles.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/recipe/coefficients.h"
#include "core/recipe/tests/fakes.h"
#include "kd/error.h"

namespace kd::core::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const char* const kWhole = R"lua(-- Distils a small student.
-- Hardware: two cores.
local kd = require "kd.v1"
local args = kd.args { alpha = kd.number { 0.8, min = 0, max = 1 }, seed = 1 }
local teacher = kd.teacher.causal_lm { path = "models/teacher" }
local student = kd.student.causal_lm { config = { layers = 4 }, tokenizer = teacher.tokenizer }
local problems = kd.data.arithmetic { count = 4096, seed = args.seed }
local traces = kd.generate "traces" { model = teacher, prompts = problems.train, samples = 4 }
local graded = kd.transform "graded" { traces, kd.verify.math {} }
local sft = kd.train "sft" {
  student = student, data = graded:where { correct = true }, epochs = 3,
  objective = kd.objective.cross_entropy {}, optimizer = kd.optimizer.adamw { lr = kd.schedule.linear(1e-3, 0) },
}
for _, arm in ipairs { "a", "b" } do
  kd.train("redi/" .. arm) {
    student = sft.student, data = graded:where { correct = true }:take(10),
    objective = 0.9 * kd.objective.kl { teacher = teacher } + kd.objective.redi { alpha = args.alpha } * 0.1,
  }
end
kd.evaluate "accuracy" { models = { sft = sft.student, teacher = teacher }, data = problems.test, metric = kd.metric.pass_at_k { k = 1 } }
)lua";

TEST(Language, ThePlanSeesEveryStage) {
  RecipeFolder folder(kWhole);
  const PlanReport report = folder.plan();
  EXPECT_EQ(texts(report.problems), "");
  std::vector<std::string> stages;
  for (const auto& stage : report.stages)
    stages.push_back(cat(stage.type, ":", stage.name, ":", stage.where.line));
  EXPECT_THAT(stages, ElementsAre("generate:traces:8", "transform:graded:9", "train:sft:10",
                                  "train:redi/a:15", "train:redi/b:15", "evaluate:accuracy:20"));
  EXPECT_THAT(report.summary, HasSubstr("Distils a small student."));
  EXPECT_EQ(report.argument_values.at("alpha"), Value(0.8));
}

TEST(Language, TheRunPassMakesTheSameCalls) {
  RecipeFolder folder(kWhole);
  folder.plan();
  const size_t planned = folder.host.calls.size();
  folder.run();
  ASSERT_EQ(folder.host.calls.size(), 2 * planned);
  for (size_t i = 0; i < planned; ++i) {
    EXPECT_EQ(folder.host.calls[i].first.name, folder.host.calls[planned + i].first.name);
    EXPECT_EQ(folder.host.calls[planned + i].second, Pass::kRun);
  }
}

TEST(Language, HandlesReachTheHost) {
  RecipeFolder folder(kWhole);
  const PlanReport report = folder.plan();
  const StageCall& generate = folder.host.calls[0].first;
  auto teacher = held<ModelHandle>(generate.options.at("model"));
  ASSERT_TRUE(teacher);
  EXPECT_EQ(teacher->component->role, "teacher");
  EXPECT_EQ(teacher->component->kind, "model");
  EXPECT_EQ(teacher->component->params.at("path").as_string(),
            (folder.path() / "models/teacher").string());
  EXPECT_EQ(held<DatasetHandle>(generate.options.at("prompts"))->split, "train");

  const StageCall& transform = folder.host.calls[1].first;
  ASSERT_EQ(transform.items.size(), 2U);  // a stage stands for its only output
  EXPECT_EQ(held<DatasetHandle>(transform.items[0])->stage, "traces");
  EXPECT_EQ(held<ComponentHandle>(transform.items[1])->kind, "verify");

  const StageCall& sft = folder.host.calls[2].first;
  auto student = held<ModelHandle>(sft.options.at("student"));
  EXPECT_EQ(student->component->params.at("config").find("layers")->as_integer(), 4);
  auto tokenizer = held<ComponentHandle>(student->component->params.at("tokenizer"));
  EXPECT_EQ(tokenizer->name, "file");  // the teacher's, beside its weights
  EXPECT_EQ(tokenizer->params.at("path"), teacher->component->params.at("path"));
  auto where = held<DatasetHandle>(sft.options.at("data"));
  EXPECT_EQ(where->op, DatasetHandle::Op::kWhere);
  EXPECT_EQ(where->input->stage, "graded");
}

TEST(Language, ObjectivesAddAndScale) {
  RecipeFolder folder(kWhole);
  const PlanReport report = folder.plan();
  auto objective = held<ObjectiveHandle>(folder.host.calls[3].first.options.at("objective"));
  ASSERT_EQ(objective->parts.size(), 2U);
  EXPECT_DOUBLE_EQ(objective->parts[0].coefficient.constant(), 0.9);
  EXPECT_EQ(objective->parts[0].component->name, "kl");
  EXPECT_DOUBLE_EQ(objective->parts[1].coefficient.constant(), 0.1);
}

TEST(Language, CoefficientsMayBeSchedulesAndFunctionsOfTheStep) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
local ce = kd.objective.cross_entropy {}
local function climb(step, total) return step / total end
local objective = 2 * (kd.schedule.linear(0, 1) * ce) + climb * ce + 0.5 * (climb * (2 * ce))
kd.train "x" { student = kd.student.causal_lm {}, data = kd.data.arithmetic {}.train, objective = objective }
)lua");
  const PlanReport report = folder.plan();
  ASSERT_EQ(texts(report.problems), "");
  auto parts = held<ObjectiveHandle>(folder.host.calls[0].first.options.at("objective"))->parts;
  ASSERT_EQ(parts.size(), 3U);
  EXPECT_DOUBLE_EQ(parts[0].coefficient.at(5, 10), 1.0);
  EXPECT_DOUBLE_EQ(parts[1].coefficient.at(5, 10), 0.5);
  EXPECT_DOUBLE_EQ(parts[2].coefficient.at(3, 10), 0.3);
  ASSERT_FALSE(parts[0].coefficient.is_constant() || parts[1].coefficient.is_constant());
  EXPECT_NE(parts[0].coefficient.function()->fingerprint(),
            parts[1].coefficient.function()->fingerprint());
}

TEST(Language, AFunctionOfTheStepMustGiveANumber) {
  RecipeFolder good(R"lua(local kd = require "kd.v1"
local function rise(step) if step > 3 then return "high" end return 1 end
kd.train "x" { student = kd.student.causal_lm {}, data = kd.data.arithmetic {}.train,
  objective = rise * kd.objective.cross_entropy {} }
)lua");
  const PlanReport report = good.plan();
  ASSERT_EQ(texts(report.problems), "");
  auto parts = held<ObjectiveHandle>(good.host.calls[0].first.options.at("objective"))->parts;
  EXPECT_DOUBLE_EQ(parts[0].coefficient.at(0, 10), 1.0);
  try {
    parts[0].coefficient.at(4, 10);
    FAIL() << "a string passed as a number";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("recipe.lua:2: this function of the step must give a number"));
  }
}

TEST(Language, SplitGivesATableOfDatasets) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
local parts = kd.data.jsonl { path = "rows.jsonl" }:split { train = 0.9, validation = 0.1 }
kd.show "x" { value = { parts.train, parts.validation } }
)lua");
  const PlanReport report = folder.plan();
  ASSERT_EQ(texts(report.problems), "");
  const auto& list = folder.host.calls[0].first.options.at("value").as_list();
  auto train = held<DatasetHandle>(list[0]), validation = held<DatasetHandle>(list[1]);
  EXPECT_EQ(train->op, DatasetHandle::Op::kSplit);
  EXPECT_EQ(train->split, "train");
  EXPECT_EQ(validation->split, "validation");
  EXPECT_EQ(train->options.at("parts").find("train")->as_number(), 0.9);
}

TEST(Language, EqualHandlesAreEqual) {
  const auto value = shown(R"lua(local kd = require "kd.v1"
local t = kd.teacher.causal_lm {}
local s = kd.train "sft" { student = t, data = kd.data.arithmetic {}.train, objective = kd.objective.redi {} }
kd.show "x" { value = { s.student == s.student, t == kd.teacher.causal_lm {} } }
)lua")
                         .at("value");
  EXPECT_EQ(value, Value(Value::List{true, false}));
}

TEST(Language, AModelStandsAsTeacherOfAnObjective) {
  EXPECT_EQ(problems_of(R"lua(local kd = require "kd.v1"
local sft = kd.train "sft" { student = kd.student.causal_lm {}, data = kd.data.arithmetic {}.train, objective = kd.objective.redi {} }
kd.train "kd" { student = sft, data = kd.data.arithmetic {}.train, objective = kd.objective.kl { teacher = sft.student } }
)lua"),
            "");
}

TEST(Language, ModulesComeFromTheRecipesFolderAndItsLibrary) {
  RecipeFolder folder(R"lua(local kd = require "kd.v1"
local arms, shared = require "arms", require "shared.names"
kd.show "x" { value = { arms.count, shared.first, require "arms" == arms } }
)lua");
  folder.write("arms.lua", "return { count = 3 }");
  folder.write("lib/shared/names.lua", "return { first = 'a' }");
  const PlanReport report = folder.plan();
  ASSERT_EQ(texts(report.problems), "");
  EXPECT_EQ(folder.host.calls[0].first.options.at("value"), Value(Value::List{3, "a", true}));
}

TEST(Language, ErrorsInModulesHaveTheirOwnLine) {
  RecipeFolder folder("local kd = require 'kd.v1'\nlocal arms = require 'arms'\narms.make(kd)\n");
  folder.write("arms.lua",
               "local M = {}\nfunction M.make(kd)\n  local a = kd.objective.redi {\n    aplha = 1 "
               "}\n  return M.no.such\nend\nreturn M\n");
  const std::string text = folder.problems();
  EXPECT_THAT(text, HasSubstr("arms.lua:4: objective.redi: unknown key 'aplha'"));
  EXPECT_THAT(
      text,
      HasSubstr(
          "arms.lua:5: attempt to index a nil value (field 'no')\n  called from recipe.lua:3"));
}

}  // namespace
}  // namespace kd::core::testing
