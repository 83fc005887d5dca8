// From descriptions in a recipe to instances: one for each handle in a stage.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "core/data/dataset_ops.h"
#include "core/plugin/registry.h"
#include "core/recipe/handles.h"
#include "kd/model.h"
#include "kd/params.h"
#include "kd/schedule.h"
#include "kd/tokenizer.h"

namespace kd::core {

// A model with the tokenizer that its ids belong to (null for models without tokens).
struct LoadedModel {
  std::shared_ptr<Model> model;
  std::shared_ptr<Tokenizer> tokenizer;
  std::string label;  // for messages: "causal_lm at recipe.lua:12" or "sft.student"
};

// Where stages left their models. [main]
class ModelStore {
 public:
  virtual ~ModelStore() = default;
  // The folder of a finished stage's model; kd::Error(kUsage) when the stage has not run.
  virtual std::filesystem::path model_folder(const std::string& stage,
                                             const std::string& output) = 0;
};

// Makes instances. Tokenizers and data sources are shared by all stages of a run, models belong to
// the stage that asks (a stage never changes its inputs). [main]
class Instances {
 public:
  Instances(Registry& registry, DatasetHost& datasets, ModelStore& models, uint64_t run_seed)
      : registry_(registry), datasets_(datasets), models_(models), run_seed_(run_seed) {}

  // A component's instance, made once a handle and kept for the run.
  template <typename Interface>
  std::shared_ptr<Interface> shared(const ComponentPtr& handle) {
    return std::static_pointer_cast<Interface>(shared_instance(handle));
  }
  // A fresh instance, not kept. Its random stream is keyed by the run's seed and its parameters:
  // the same description gives the same initial weights in every stage.
  std::shared_ptr<void> fresh(const ComponentHandle& handle);

  // A fresh copy of a model: made from its parameters, or loaded from a stage's result.
  LoadedModel model(const ModelHandle& handle);
  std::shared_ptr<Tokenizer> tokenizer_of(const ModelHandle& handle);

  // Params with nested components built, schedules and datasets resolved; models and other handles
  // stay as they are.
  Value::Map prepare(const Schema& schema, const Value::Map& params);

 private:
  std::shared_ptr<void> shared_instance(const ComponentPtr& handle);
  Value prepare_value(const ParamSpec& spec, const Value& value);
  Value prepare_schedule(const Value& value);
  std::shared_ptr<Tokenizer> tokenizer_in(const std::filesystem::path& folder);

  Registry& registry_;
  DatasetHost& datasets_;
  ModelStore& models_;
  uint64_t run_seed_;
  std::map<const ComponentHandle*, std::shared_ptr<void>> shared_;
  std::map<std::filesystem::path, std::shared_ptr<Tokenizer>> folder_tokenizers_;
  std::vector<ComponentPtr> kept_;  // keeps the addresses above from being used again
};

}  // namespace kd::core
