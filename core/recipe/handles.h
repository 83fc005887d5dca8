// What a recipe's values are made of: immutable descriptions that stages turn into instances.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "kd/schedule.h"
#include "kd/value.h"

namespace kd::core {

// A place in a recipe.
struct SourceLocation {
  std::string file;
  int line = 0;
  std::string str() const { return line > 0 ? file + ":" + std::to_string(line) : file; }
};

// kd.<kind>.<name> { … }: a component's description. One instance is made per handle and stage.
class ComponentHandle : public Object {
 public:
  std::string kind;  // Interface::kKind: "model", "tokenizer", "verify", "optimizer", …
  std::string role;  // models: "teacher" or "student", as the recipe wrote it
  std::string name;
  Value::Map params;  // resolved against the component's schema; nested handles inside
  SourceLocation where;

  std::string type_name() const override { return kind; }
};
using ComponentPtr = std::shared_ptr<const ComponentHandle>;

// A model: a component that will be made fresh, or what a stage leaves.
class ModelHandle : public Object {
 public:
  static constexpr const char* kTypeName = "model";
  ComponentPtr component;  // null for a stage's result
  std::string stage;       // else the stage's name …
  std::string output;      // … and which of its models: "student"
  ComponentPtr origin;     // the component it started from (for its tokenizer, vocabulary)
  SourceLocation where;

  std::string type_name() const override { return kTypeName; }
};
using ModelPtr = std::shared_ptr<const ModelHandle>;

// A lazy dataset: a source, a stage's result, or an operation on others.
class DatasetHandle : public Object {
 public:
  static constexpr const char* kTypeName = "dataset";
  enum class Op { kSource, kStage, kWhere, kMap, kPairs, kSplit, kTake, kShuffle };

  Op op = Op::kSource;
  std::shared_ptr<const DatasetHandle> input;  // of an operation
  ComponentPtr source;                         // kSource (kind "data")
  std::string split;                           // kSource: which split; kSplit: which part
  std::string stage;                           // kStage: the stage's name …
  std::string output;                          // … and which of its datasets: "data"
  Value::Map options;                          // of the operation, resolved
  SourceLocation where;

  std::string type_name() const override { return kTypeName; }
};
using DatasetPtr = std::shared_ptr<const DatasetHandle>;

// Σ coefficient · objective.
class ObjectiveHandle : public Object {
 public:
  static constexpr const char* kTypeName = "objective";
  struct Part {
    Schedule coefficient = 1.0;
    ComponentPtr component;
  };
  std::vector<Part> parts;
  SourceLocation where;

  std::string type_name() const override { return kTypeName; }
};
using ObjectivePtr = std::shared_ptr<const ObjectiveHandle>;

// A named table of models, to evaluate side by side: { teacher = …, sft = … } stays a Value::Map
// whose values are ModelHandles.

}  // namespace kd::core
