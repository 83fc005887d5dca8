#include "core/recipe/run.h"

#include <cmath>
#include <utility>

#include "core/recipe/session.h"
#include "kd/error.h"

namespace kd::core {
namespace {

std::string head_comment(const Session& session) {
  const SourceText* text = session.source(session.name());
  return text ? text->head_comment() : "";
}

std::string type_word(const ParamSpec& spec) {
  if (!spec.choices.empty()) return join(spec.choices, "|");
  switch (spec.type) {
    case ParamType::kBoolean:
      return "true|false";
    case ParamType::kInteger:
      return "integer";
    case ParamType::kNumber:
      return "number";
    case ParamType::kPath:
      return "path";
    default:
      return "string";
  }
}

std::string bounds(const ParamSpec& spec) {
  const bool below = std::isfinite(spec.min), above = std::isfinite(spec.max);
  if (below && above) return cat(", ", spec.min, " to ", spec.max);
  if (below) return cat(", at least ", spec.min);
  return above ? cat(", at most ", spec.max) : "";
}

}  // namespace

PlanReport plan_recipe(const RecipeOptions& options, ComponentCatalog& catalog, StageHost& host) {
  auto session = Session::open(options, catalog, host, Pass::kPlan);
  session->evaluate();
  PlanReport report;
  report.problems = session->problems.all();
  report.stages = session->called;
  report.arguments = session->arguments;
  if (session->argument_table) report.argument_values = session->argument_table->values;
  report.known_up_to = session->known_up_to;
  report.summary = head_comment(*session);
  report.keep_alive = session;
  return report;
}

void run_recipe(const RecipeOptions& options, ComponentCatalog& catalog, StageHost& host) {
  Session::open(options, catalog, host, Pass::kRun)->evaluate();
}

void require_no_problems(const PlanReport& report, const std::filesystem::path& recipe) {
  if (!report.problems.empty()) throw combine(report.problems, display_name(recipe));
}

RecipeHelp describe_recipe(const RecipeOptions& options, ComponentCatalog& catalog,
                           StageHost& host) {
  auto session = Session::open(options, catalog, host, Pass::kPlan);
  session->stop_at_arguments = true;
  session->evaluate();
  return {head_comment(*session), session->arguments};
}

std::string to_text(const RecipeHelp& help) {
  std::string out = help.summary;
  if (help.arguments.empty()) return out + "\nThis recipe has no arguments.\n";
  out += "\nArguments (--set name=value):\n";
  for (const RecipeArgument& argument : help.arguments) {
    const ParamSpec& spec = argument.spec;
    out += cat(
        "  ", spec.name, " = ",
        spec.default_value.is_nil() ? cat("<", type_word(spec), ">") : spec.default_value.preview(),
        "  (", type_word(spec), bounds(spec), spec.required ? ", required" : "", ")",
        spec.help.empty() ? "" : "  ", spec.help, "\n");
  }
  return out;
}

}  // namespace kd::core
