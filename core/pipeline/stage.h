// Stages: resumable steps of a run. The built-in ones live with what they do (train/, generate/,
// data/, evaluate/).
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "core/pipeline/instances.h"
#include "core/pipeline/run_directory.h"
#include "core/recipe/stage_host.h"
#include "core/report/results.h"
#include "kd/data.h"

namespace kd::core {

// What a running stage works with. [main]
class StageContext {
 public:
  virtual ~StageContext() = default;

  virtual const std::string& name() const = 0;
  virtual const std::filesystem::path& folder() const = 0;  // the stage's artifacts
  virtual uint64_t run_seed() const = 0;
  virtual Instances& instances() = 0;
  virtual Registry& registry() = 0;
  virtual std::shared_ptr<const RowSource> rows(const DatasetHandle& dataset) = 0;
  // One line of metrics.jsonl; the stage's name is added.
  virtual void emit_metric(Value::Map row) = 0;
  // One measured number for results.json; the stage's name is filled in.
  virtual void add_result(Result result) = 0;
};

// Contract: stateless; `outputs` and `check` are pure and cheap, for the planning pass.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual StageType type() const = 0;
  // Handles a recipe may use before the stage has run.
  virtual Value::Map outputs(const StageCall& call) const = 0;
  // Problems beyond the schema; throws kd::Error(kUsage).
  virtual void check(const StageCall& call, Registry& registry) const = 0;
  // Runs it; returns what the recipe reads as results.
  virtual Value::Map run(const StageCall& call, StageContext& context) const = 0;
};

std::vector<std::unique_ptr<Stage>> builtin_stages();

// A handle to a dataset that `stage` leaves under `output`.
Value stage_dataset(const StageCall& call, const std::string& output);
// A handle to a model that `stage` leaves, made from `start`.
Value stage_model(const StageCall& call, const std::string& output, const ModelHandle& start);

// Dataset artifacts: <folder>/<output>.jsonl.
void write_dataset(const std::filesystem::path& folder, const std::string& output,
                   const std::vector<Row>& rows);
std::shared_ptr<const RowSource> read_dataset(const std::filesystem::path& folder,
                                              const std::string& output);

// The value of an option as a handle of type H, or null.
template <typename H>
std::shared_ptr<const H> option_as(const StageCall& call, std::string_view name) {
  auto it = call.options.find(name);
  return it == call.options.end() ? nullptr : it->second.object_as<H>();
}

}  // namespace kd::core
