// kdrun's subcommands. Each adds itself to the command line; its action runs after parsing.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

namespace kd::cli {

// What a subcommand decided to do; returns the exit code.
using Action = std::function<int()>;

void add_run_commands(CLI::App& app, Action& action);      // run, check, plan
void add_probe_commands(CLI::App& app, Action& action);    // probe objective, probe model
void add_plugins_commands(CLI::App& app, Action& action);  // plugins ls, show, schema, check

}  // namespace kd::cli
