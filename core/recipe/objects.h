// What `kd` hands out besides handles: things that are still to become one, and stage results.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/recipe/handles.h"
#include "core/recipe/stage_host.h"
#include "kd/params.h"

namespace kd::core {

// Stands for a value that a problem kept from being made, so that the plan pass can go on. It
// takes part in everything silently: whatever is made of it is one too.
class Placeholder : public Object {
 public:
  std::string type_name() const override { return "value with an error above"; }
};

// The module itself.
class KdModule : public Object {
 public:
  std::string type_name() const override { return "module kd"; }
};

// kd.objective, kd.teacher.
class Namespace : public Object {
 public:
  explicit Namespace(std::string recipe_kind) : name(std::move(recipe_kind)) {}
  std::string type_name() const override { return cat("table kd.", name); }
  std::string name;
};

// kd.objective.redi without its table.
class Constructor : public Object {
 public:
  std::string recipe_kind;  // as written: "teacher"
  std::string kind;         // the catalog's: "model"
  std::string name;
  std::string owner() const { return cat(recipe_kind, ".", name); }
  std::string type_name() const override {
    return cat("constructor (write kd.", owner(), " { … })");
  }
};

// kd.train, and kd.train "sft" without its table.
class StageStarter : public Object {
 public:
  explicit StageStarter(std::string stage_type) : type(std::move(stage_type)) {}
  std::string type_name() const override { return cat("stage type kd.", type); }
  std::string type;
};

class PendingStage : public Object {
 public:
  std::string type_name() const override {
    return cat("stage without its table (kd.", type, " \"", name, "\" { … })");
  }
  std::string type;
  std::string name;
  size_t number = 0;      // among the stages begun in this pass
  bool nameless = false;  // the name was a placeholder or is wrong: reported already
};

// What a stage returns to the recipe.
class StageObject : public Object {
 public:
  std::string type_name() const override { return cat("stage (", type, ")"); }
  // The only output, which the stage then stands for: kd.transform "x" { traces }.
  const Value* only_output() const {
    return outputs.size() == 1 ? &outputs.begin()->second : nullptr;
  }
  std::string type;
  std::string name;
  Value::Map outputs;
  Value::Map results;
  bool known = false;
  bool failed = false;
  SourceLocation where;
};

// kd.number { 0.8, min = 0 } and the like, before kd.args has named it.
class ArgumentDeclaration : public Object {
 public:
  std::string type_name() const override { return "argument declaration (for kd.args)"; }
  ParamSpec spec;
  SourceLocation where;
};

// kd.args { … }: read-only values by name.
class ArgumentTable : public Object {
 public:
  std::string type_name() const override { return "table of arguments"; }
  Value::Map values;
  std::vector<std::string> names;
};

bool contains_placeholder(const Value& value);

}  // namespace kd::core
