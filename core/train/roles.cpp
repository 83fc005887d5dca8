#include "core/train/roles.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>

#include <algorithm>
#include <set>

#include "core/plugin/guard.h"
#include "kd/error.h"

namespace kd::core {
namespace {

constexpr const char* kModelInputs[] = {"input_ids", "attention_mask"};

// Model inputs of the sides, one below the other: [sides·B, T].
TensorMap stack_sides(const TensorMap& batch, const std::vector<std::string>& sides) {
  TensorMap inputs;
  for (const char* name : kModelInputs) {
    std::vector<at::Tensor> parts;
    for (const std::string& side : sides)
      parts.push_back(require_tensor(batch, side_name(side, name)));
    inputs[name] = parts.size() == 1 ? parts.front() : at::cat(parts, 0);
  }
  return inputs;
}

// Gives each want its side's share of the stacked outputs.
void hand_out(const std::string& role, const std::vector<Want>& wants, const Outputs& outputs,
              const std::vector<std::string>& sides, int64_t rows_a_side, RoleOutputs& out) {
  for (const Want& want : wants) {
    if (want.role != role) continue;
    const auto side = std::find(sides.begin(), sides.end(), want.side) - sides.begin();
    if (want.output == "logits") {
      const int64_t rows = outputs.logits.rows() / static_cast<int64_t>(sides.size());
      out.logits[want.str()] =
          sides.size() == 1 ? outputs.logits : outputs.logits.slice(side * rows, (side + 1) * rows);
    } else {
      const at::Tensor& all = require_tensor(outputs.tensors, want.output);
      out.tensors[want.str()] =
          sides.size() == 1 ? all : all.narrow(0, side * rows_a_side, rows_a_side);
    }
  }
}

void run_role(const std::string& role, const RoleModel& player, const std::vector<Want>& wants,
              const TensorMap& batch, bool training, RoleOutputs& out) {
  std::set<std::string> outputs;
  std::set<std::string> side_set;
  for (const Want& want : wants) {
    if (want.role != role) continue;
    outputs.insert(want.output);
    side_set.insert(want.side);
  }
  const std::vector<std::string> sides(side_set.begin(), side_set.end());
  const TensorMap inputs = stack_sides(batch, sides);
  ForwardOptions options;
  options.grad = player.trained ? Grad::kAll : Grad::kNone;
  options.training = player.trained && training;
  const at::AutoGradMode grad_mode(player.trained);
  const Outputs answered = player.model->forward(inputs, {outputs.begin(), outputs.end()}, options);
  const int64_t rows = inputs.at("input_ids").size(0) / static_cast<int64_t>(sides.size());
  hand_out(role, wants, answered, sides, rows, out);
}

}  // namespace

RoleOutputs run_roles(const Roles& roles, const std::vector<Want>& wants, const TensorMap& batch,
                      bool training) {
  std::set<std::string> asked;
  for (const Want& want : wants) {
    if (!want.view.empty()) {
      throw Error(ErrorCode::kUsage, cat("nothing provides the view of ", want.str()));
    }
    asked.insert(want.role);
  }
  RoleOutputs out;
  for (const std::string& role : asked) {
    auto player = roles.find(role);
    if (player == roles.end()) {
      std::vector<std::string> names;
      for (const auto& [name, model] : roles) names.push_back(name);
      throw Error(ErrorCode::kUsage, cat("no model plays the ", role), did_you_mean(role, names));
    }
    run_role(role, player->second, wants, batch, training, out);
  }
  return out;
}

}  // namespace kd::core
