// Running recipes. The script is evaluated twice, each time in a fresh interpreter: the plan pass
// checks everything and computes nothing, the run pass runs its stages.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin/registry.h"
#include "core/recipe/problems.h"
#include "core/recipe/stage_host.h"

namespace kd::core {

struct RecipeOptions {
  std::filesystem::path path;
  // --set name=value, in the order given; a later value of a name wins.
  std::vector<std::pair<std::string, std::string>> set;
  // Where `require` looks besides the recipe's folder. Empty: the recipe's folder's "lib".
  std::vector<std::filesystem::path> library;
  std::chrono::milliseconds plan_timeout{10'000};  // wall-clock of Lua in the plan pass; 0: none
  size_t memory_limit = size_t{1} << 30U;          // bytes that Lua may hold
};

// One argument that a recipe declares with kd.args.
struct RecipeArgument {
  ParamSpec spec;  // name, type, default, range, choices, help
  Value value;     // after --set; nil when there is none
  SourceLocation where;
};

struct PlannedStage {
  std::string type;
  std::string name;
  SourceLocation where;
};

struct PlanReport {
  std::vector<Problem> problems;     // empty: the recipe can be run
  std::vector<PlannedStage> stages;  // in the order of their calls
  std::vector<RecipeArgument> arguments;
  Value::Map argument_values;  // what kd.args returned
  SourceLocation known_up_to;  // where a result was read that is not there yet; line 0: nowhere
  std::string summary;         // the recipe's head comment
  std::shared_ptr<void> keep_alive;  // functions in the plan's handles live as long as this
};

// What `kdrun RECIPE --help` shows: the script is evaluated up to its kd.args.
struct RecipeHelp {
  std::string summary;
  std::vector<RecipeArgument> arguments;
};

// The plan pass. Problems are in the report; throws kd::Error only when the file cannot be read.
// Ends the process (exit code 2) when a library call inside Lua outlives plan_timeout. [main]
PlanReport plan_recipe(const RecipeOptions& options, ComponentCatalog& catalog, StageHost& host);

// The run pass alone, for a recipe that has been planned. Throws what a stage threw, with its
// place in the recipe, or kd::Error(kUsage) for an error in the script. [main]
void run_recipe(const RecipeOptions& options, ComponentCatalog& catalog, StageHost& host);

// Throws kd::Error(kUsage) with all of them unless the plan has no problems.
void require_no_problems(const PlanReport& report, const std::filesystem::path& recipe);

RecipeHelp describe_recipe(const RecipeOptions& options, ComponentCatalog& catalog,
                           StageHost& host);
// As text: the summary, then one line for each argument.
std::string to_text(const RecipeHelp& help);

}  // namespace kd::core
