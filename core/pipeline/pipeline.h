// The pipeline: what happens when a recipe calls a stage.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/pipeline/instances.h"
#include "core/pipeline/run_directory.h"
#include "core/pipeline/stage.h"
#include "core/plugin/registry.h"
#include "core/recipe/stage_host.h"

namespace kd::core {

// Plan pass: checks calls and computes their keys. Run pass: runs each stage, unless a finished one
// with the same key is in the run directory already. Artifacts live in store/<key>; stages/<name>
// links there. [main]
class Pipeline : public StageHost, public DatasetHost, public ModelStore {
 public:
  // Without a run directory only the plan pass works.
  Pipeline(Registry& registry, uint64_t run_seed, std::optional<RunDirectory> run_directory = {});
  ~Pipeline() override;

  const std::vector<StageType>& stage_types() const override { return types_; }
  StageResult call(const StageCall& call, Pass pass) override;
  void check_component(const ComponentHandle& component) override;

  // Gives the run pass its folder; the plan pass leaves nothing on disk.
  void open(RunDirectory run_directory) { run_directory_.emplace(std::move(run_directory)); }

  std::shared_ptr<const RowSource> source(const ComponentPtr& component,
                                          const std::string& split) override;
  std::shared_ptr<const RowSource> stage(const std::string& stage,
                                         const std::string& output) override;
  std::filesystem::path model_folder(const std::string& stage, const std::string& output) override;

  // The key of a stage called in this pass; kd::Error(kUsage) when it has not been called.
  const std::string& key(const std::string& stage) const;
  // Whether an artifact with this key is finished in the run directory.
  bool finished(const std::string& key) const;
  const std::vector<Result>& results() const { return results_; }

 private:
  class Context;

  const Stage& stage_of(const std::string& type) const;
  std::string compute_key(const StageCall& call) const;
  std::string component_build(const std::string& kind, const std::string& name) const;
  std::filesystem::path store_folder(const std::string& key) const;
  void link_stage(const std::string& name, const std::string& key) const;
  StageResult execute(const Stage& stage, const StageCall& call, const std::string& key);
  StageResult reuse(const StageCall& call, const std::string& key, Value::Map outputs);

  Registry& registry_;
  uint64_t run_seed_;
  std::optional<RunDirectory> run_directory_;
  std::vector<std::unique_ptr<Stage>> stages_;
  std::vector<StageType> types_;
  Instances instances_;
  std::map<std::string, std::string> keys_;            // by stage name, of the present pass
  mutable std::map<std::string, std::string> builds_;  // by library path
  std::vector<Result> results_;
};

}  // namespace kd::core
