// kdrun: runs recipes, probes components, lists plugins.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "core/plugin/breadcrumb.h"
#include "kd/abi.h"
#include "kd/error.h"
#include "tools/cli/commands.h"

namespace {

constexpr const char* kFooter = R"(Examples
  kdrun recipes/redi.lua                       run a recipe, start to end
  kdrun recipes/redi.lua --set alpha=0.5       with another value of one of its arguments
  kdrun recipes/redi.lua --help                what the recipe does and which arguments it takes
  kdrun check recipes/redi.lua                 find its mistakes without running anything
  kdrun plan recipes/redi.lua                  list what it would do
  kdrun plugins ls                             what can stand in a recipe
  kdrun plugins show redi                      a component's parameters
  kdrun probe objective kl --describe          what an objective reads and returns

A run writes to runs/<recipe>-<id> (or --run-dir DIR): results.json, metrics.jsonl, and the
artifacts of each stage under stages/. The same command again reuses finished stages.

Exit codes
  0 done   1 internal error   2 command line, recipe or plan (nothing was run)   3 plugin
  4 data   5 checkpoint or model folder   6 non-finite numbers   7 lost peer   8 out of memory
  9 disk   130/143 interrupted)";

// "kdrun recipe.lua …" is short for "kdrun run recipe.lua …".
std::vector<std::string> with_run(int argc, char** argv) {
  std::vector<std::string> arguments(argv + 1, argv + argc);
  for (const std::string& argument : arguments) {
    if (argument.rfind("-", 0) == 0) continue;
    if (argument.size() > 4 && argument.compare(argument.size() - 4, 4, ".lua") == 0) {
      arguments.insert(arguments.begin(), "run");
    }
    break;
  }
  return {arguments.rbegin(), arguments.rend()};  // CLI11 takes them last first
}

// LibTorch's OpenMP threads spin while they wait, which makes small models many times slower as
// soon as anything else uses the cores. How they wait is read when the library is loaded, so that
// the program must start again to change it. A user's own setting stays.
void wait_without_spinning(const std::vector<std::string>& reversed_arguments, char** argv) {
  const bool runs = !reversed_arguments.empty() && reversed_arguments.back() == "run";
  if (!runs || std::getenv("OMP_WAIT_POLICY") || std::getenv("GOMP_SPINCOUNT")) return;
  setenv("OMP_WAIT_POLICY", "passive", 1);
  execv("/proc/self/exe", argv);  // where this fails, the program goes on as it is
}

int report(const kd::Error& error) {
  std::fprintf(stderr, "error: %s\n", error.what());
  return static_cast<int>(error.code());
}

int run(int argc, char** argv) {
  CLI::App app{
      "kdrun runs Lua recipes that distil models: teachers, students, objectives and data "
      "come from plugins."};
  app.name("kdrun");
  app.footer(kFooter);
  app.set_version_flag("--version", "kdrun " KD_SDK_VERSION " (LibTorch " KD_ABI_TORCH ")");
  app.require_subcommand(1);
  kd::cli::Action action;
  kd::cli::add_run_commands(app, action);
  kd::cli::add_probe_commands(app, action);
  kd::cli::add_plugins_commands(app, action);
  if (argc < 2) {
    std::fputs(app.help().c_str(), stdout);
    return 2;
  }
  std::vector<std::string> arguments = with_run(argc, argv);
  wait_without_spinning(arguments, argv);
  try {
    app.parse(arguments);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 2;
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  kd::core::install_crash_handler();
  try {
    return run(argc, argv);
  } catch (const kd::Error& error) {
    return report(error);
  } catch (const std::bad_alloc&) {
    return report(kd::Error(kd::ErrorCode::kMemory, "out of memory",
                            "a smaller batch or micro_batch needs less"));
  } catch (const std::exception& error) {
    return report(kd::Error(kd::ErrorCode::kInternal, error.what()));
  }
}
