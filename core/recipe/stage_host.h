// The border between recipes and the pipeline that runs their stages.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/handles.h"
#include "kd/params.h"

namespace kd::core {

enum class Pass { kPlan, kRun };

// What a recipe may call as kd.<type> "<name>" { … }.
struct StageType {
  std::string type;  // "train"
  std::string summary;
  Schema schema;
  // Outputs a recipe can use before the stage has run: name -> "model" or "dataset".
  // Everything else (metrics, results) is read from `results` and ends the planning pass.
  std::vector<std::pair<std::string, std::string>> outputs;
};

struct StageCall {
  std::string type;
  std::string name;
  Value::Map options;  // resolved against the type's schema; handles inside
  Value::List items;   // positional entries of the table: kd.transform "x" { data, verifier }
  SourceLocation where;
};

struct StageResult {
  Value::Map outputs;  // name -> ModelHandle or DatasetHandle
  Value::Map results;  // plain data, e.g. {accuracy = {pass@1 = 0.87}}; empty in the plan pass
  bool known = false;  // whether `results` is there (run pass, or a finished stage)
};

class StageHost {
 public:
  virtual ~StageHost() = default;
  virtual const std::vector<StageType>& stage_types() const = 0;
  // Plan pass: checks what goes beyond the schema (a model of the wrong kind, a column that is
  // missing) and describes the outputs. Run pass: runs the stage. Throws kd::Error; the recipe
  // layer adds file:line.
  virtual StageResult call(const StageCall& call, Pass pass) = 0;
  // A component was made: checks beyond the schema, in the plan pass.
  virtual void check_component(const ComponentHandle& component) = 0;
};

}  // namespace kd::core
