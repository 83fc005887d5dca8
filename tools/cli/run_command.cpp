// kdrun run, check, plan: recipes.
#include <ATen/Parallel.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/pipeline/pipeline.h"
#include "core/pipeline/run_directory.h"
#include "core/plugin/registry.h"
#include "core/recipe/run.h"
#include "core/report/progress.h"
#include "core/report/results.h"
#include "core/train/engine_components.h"
#include "kd/abi.h"
#include "kd/error.h"
#include "kd/json.h"
#include "kd/log.h"
#include "tools/cli/commands.h"

namespace kd::cli {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::string recipe;
  std::vector<std::string> settings;
  std::string run_dir;
  uint64_t seed = 0;
  int threads = 0;
  bool json = false;
  bool verbose = false;
  bool quiet = false;
  bool help = false;
};

// Everything a recipe needs around it.
struct Host {
  explicit Host(const RunOptions& options) : registry(core::default_plugin_path()) {
    core::register_engine_components(registry.builtins());
    if (!fs::is_regular_file(options.recipe)) {
      throw Error(ErrorCode::kUsage, cat("there is no recipe ", options.recipe),
                  "kdrun takes the path of a .lua file");
    }
    if (options.threads > 0) at::set_num_threads(options.threads);
    recipe.path = options.recipe;
    for (const std::string& setting : options.settings) {
      const size_t equals = setting.find('=');
      if (equals == std::string::npos) {
        throw Error(ErrorCode::kUsage, cat("--set ", setting, " has no value"),
                    "write --set name=value");
      }
      recipe.set.emplace_back(setting.substr(0, equals), setting.substr(equals + 1));
    }
  }
  core::Registry registry;
  core::RecipeOptions recipe;
};

LogLevel log_level(const RunOptions& options) {
  if (options.verbose) return LogLevel::kDebug;
  return options.quiet ? LogLevel::kWarning : LogLevel::kInfo;
}

int show_recipe_help(const RunOptions& options) {
  Host host(options);
  core::Pipeline pipeline(host.registry, options.seed);
  const core::RecipeHelp help = core::describe_recipe(host.recipe, host.registry, pipeline);
  std::fputs(core::to_text(help).c_str(), stdout);
  return 0;
}

core::PlanReport plan(Host& host, core::Pipeline& pipeline) {
  core::PlanReport report = core::plan_recipe(host.recipe, host.registry, pipeline);
  core::require_no_problems(report, host.recipe.path);
  return report;
}

int check(const RunOptions& options) {
  configure_log(log_level(options));
  Host host(options);
  core::Pipeline pipeline(host.registry, options.seed);
  const core::PlanReport report = plan(host, pipeline);
  std::printf("%s: no problems found, %zu stages\n", options.recipe.c_str(), report.stages.size());
  return 0;
}

fs::path run_directory_of(const RunOptions& options, const core::PlanReport& report) {
  if (!options.run_dir.empty()) return options.run_dir;
  Value::Map identity = report.argument_values;
  identity["run seed"] = static_cast<int64_t>(options.seed);
  return core::default_run_directory(options.recipe, identity);
}

Value plan_value(const core::PlanReport& report, const core::Pipeline& pipeline) {
  Value::List stages;
  for (const core::PlannedStage& stage : report.stages) {
    stages.push_back(Value::Map{{"type", stage.type},
                                {"name", stage.name},
                                {"where", stage.where.str()},
                                {"key", pipeline.key(stage.name)},
                                {"finished", pipeline.finished(pipeline.key(stage.name))}});
  }
  Value::Map out{{"stages", std::move(stages)}, {"arguments", report.argument_values}};
  if (report.known_up_to.line > 0) out["known_up_to"] = report.known_up_to.str();
  return Value(std::move(out));
}

int show_plan(const RunOptions& options) {
  configure_log(log_level(options));
  Host host(options);
  core::Pipeline pipeline(host.registry, options.seed);
  const core::PlanReport report = plan(host, pipeline);
  const fs::path folder = run_directory_of(options, report);
  if (fs::exists(folder)) pipeline.open(core::RunDirectory::open(folder));
  if (options.json) {
    std::printf("%s\n", to_json(plan_value(report, pipeline), 2).c_str());
    return 0;
  }
  for (const core::PlannedStage& stage : report.stages) {
    const bool done = pipeline.finished(pipeline.key(stage.name));
    std::printf("%-10s %-24s %-20s %s\n", stage.type.c_str(), stage.name.c_str(),
                stage.where.str().c_str(), done ? "done, will be reused" : "to run");
  }
  if (report.known_up_to.line > 0) {
    std::printf("known up to %s, where a result is read\n", report.known_up_to.str().c_str());
  }
  return 0;
}

int run(const RunOptions& options) {
  if (options.help) return show_recipe_help(options);
  configure_log(log_level(options));
  Host host(options);
  core::PlanReport report;
  {
    core::Pipeline planning(host.registry, options.seed);
    report = plan(host, planning);
  }
  core::RunDirectory directory = core::RunDirectory::open(run_directory_of(options, report));
  configure_log(log_level(options), (directory.root() / "log.txt").string());
  directory.write_identity(Value::Map{{"recipe", fs::absolute(options.recipe).string()},
                                      {"arguments", report.argument_values},
                                      {"seed", static_cast<int64_t>(options.seed)},
                                      {"kd", KD_SDK_VERSION},
                                      {"torch", KD_ABI_TORCH},
                                      {"threads", at::get_num_threads()}});
  directory.write_recipe(options.recipe);
  log_info(cat("run directory ", directory.root().string()));
  core::Pipeline pipeline(host.registry, options.seed, directory);
  core::run_recipe(host.recipe, host.registry, pipeline);
  if (!pipeline.results().empty()) {
    std::printf("\n%s\n", core::results_table(pipeline.results()).c_str());
  }
  std::printf("results: %s\n", (directory.root() / "results.json").c_str());
  return 0;
}

CLI::App* add_recipe_command(CLI::App& app, const std::string& name, const std::string& summary,
                             const std::shared_ptr<RunOptions>& options) {
  CLI::App* command = app.add_subcommand(name, summary);
  command->add_option("recipe", options->recipe, "a recipe: FILE.lua")->required();
  command->add_option("--set", options->settings, "an argument of the recipe: name=value (repeat)");
  command->add_option("--seed", options->seed, "the run's seed: another one repeats the experiment")
      ->capture_default_str();
  command->add_option("--run-dir", options->run_dir,
                      "where results go; default runs/<recipe>-<id of its arguments>");
  command->add_flag("-v,--verbose", options->verbose, "log more");
  command->add_flag("-q,--quiet", options->quiet, "log warnings only");
  return command;
}

}  // namespace

void add_run_commands(CLI::App& app, Action& action) {
  auto run_options = std::make_shared<RunOptions>();
  CLI::App* run_command = add_recipe_command(
      app, "run", "run a recipe ('kdrun FILE.lua' is short for it)", run_options);
  run_command->add_option("--threads", run_options->threads, "CPU threads; 0: all cores");
  run_command->set_help_flag();  // --help after a recipe explains the recipe
  run_command->add_flag("-h,--help", run_options->help, "what the recipe does and its arguments");
  run_command->callback(
      [run_options, &action] { action = [run_options] { return run(*run_options); }; });

  auto check_options = std::make_shared<RunOptions>();
  add_recipe_command(app, "check", "find a recipe's mistakes; nothing is run", check_options)
      ->callback(
          [check_options, &action] { action = [check_options] { return check(*check_options); }; });

  auto plan_options = std::make_shared<RunOptions>();
  CLI::App* plan_command = add_recipe_command(
      app, "plan", "list a recipe's stages and which are done already", plan_options);
  plan_command->add_flag("--json", plan_options->json, "as JSON");
  plan_command->callback(
      [plan_options, &action] { action = [plan_options] { return show_plan(*plan_options); }; });
}

}  // namespace kd::cli
