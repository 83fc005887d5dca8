// What is wrong with a recipe: collected in the plan pass, so that all of it is told at once.
#pragma once

#include <string>
#include <vector>

#include "core/recipe/handles.h"
#include "kd/error.h"

namespace kd::core {

struct Problem {
  SourceLocation where;
  std::string owner;  // "objective.redi", "train \"sft\""; may be empty
  std::string key;    // the key of a table it concerns; may be empty
  std::string message;
  std::string hint;
  ErrorCode code = ErrorCode::kUsage;

  // "recipe.lua:21: objective.redi: unknown key 'aplha'\n  hint: did you mean 'alpha'? …"
  std::string text() const;
  Error to_error() const;
  // `where` leads unless the error has a place in a recipe already.
  static Problem from_error(const Error& error, SourceLocation where, std::string owner);
};

// In the order of their appearance, each once.
class ProblemList {
 public:
  void add(Problem problem);
  bool empty() const { return problems_.empty(); }
  const std::vector<Problem>& all() const { return problems_; }

 private:
  std::vector<Problem> problems_;
};

// One error that tells all: "3 problems in redi.lua" and one paragraph each.
Error combine(const std::vector<Problem>& problems, const std::string& recipe);

}  // namespace kd::core
