// The folder of one run: stages' artifacts, metrics and results.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "core/report/results.h"
#include "kd/value.h"

namespace kd::core {

// Layout: kdrun.json (what run this is), recipe.lua (a copy), metrics.jsonl, results.json, log.txt,
// store/<key>/ with each stage's artifacts and stage.json, written when the stage is done, and
// stages/<name>, links into the store. [main]
class RunDirectory {
 public:
  // Makes the folder, or takes up one that a run of kd made (it holds kdrun.json). Any other
  // folder that is not empty is refused: kd::Error(kUsage).
  static RunDirectory open(const std::filesystem::path& root);

  const std::filesystem::path& root() const { return root_; }
  // Letters, digits and . _ - with / between parts; kd::Error(kUsage) otherwise.
  static void check_stage_name(const std::string& name);

  // Appends one line to metrics.jsonl.
  void append_metric(const Value::Map& row) const;
  void write_results(const std::vector<Result>& results) const;
  void write_recipe(const std::filesystem::path& recipe) const;
  // Takes part of kdrun.json: recipe, arguments, seed, versions.
  void write_identity(const Value::Map& identity) const;

 private:
  explicit RunDirectory(std::filesystem::path root) : root_(std::move(root)) {}

  std::filesystem::path root_;
};

// runs/<recipe>-<8 hex digits of its arguments>: the same command finds the same run.
std::filesystem::path default_run_directory(const std::filesystem::path& recipe,
                                            const Value::Map& arguments);

}  // namespace kd::core
