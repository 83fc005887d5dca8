// Who answers an objective's wants: the student, teachers and references, run on one micro-batch.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kd/logits.h"
#include "kd/model.h"
#include "kd/tensors.h"
#include "kd/want.h"

namespace kd::core {

// A model under the name that wants use for it.
struct RoleModel {
  std::shared_ptr<Model> model;
  bool trained = false;  // gradients reach it; everything else runs frozen, in eval mode
};
using Roles = std::map<std::string, RoleModel>;  // "student", "teacher", …

// Outputs by want: "chosen.student.logits" in `logits`, "student.hidden.6" [B, T, H] in `tensors`.
struct RoleOutputs {
  std::map<std::string, LazyLogits> logits;
  TensorMap tensors;
};

// Runs every role once for all its wants. Pairs are one forward over both sides, [2B, T].
// `batch` holds "input_ids" and "attention_mask", or both under "chosen." and "rejected.".
// kd::Error(kUsage) for a role that nobody plays, kd::Error(kPlugin) for outputs a model lacks.
RoleOutputs run_roles(const Roles& roles, const std::vector<Want>& wants, const TensorMap& batch,
                      bool training);

}  // namespace kd::core
