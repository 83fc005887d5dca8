#include "core/train/train_stage.h"

#include <map>
#include <set>

#include "core/train/train_params.h"
#include "core/train/trainer.h"
#include "kd/error.h"
#include "kd/log.h"
#include "kd/objective.h"

namespace kd::core {
namespace {

// Roles that an objective's parameters name: {"teacher": handle}.
std::map<std::string, ModelPtr> named_roles(const ComponentHandle& objective,
                                            const Schema& schema) {
  std::map<std::string, ModelPtr> roles;
  for (const ParamSpec& spec : schema.params) {
    if (spec.type != ParamType::kModel) continue;
    auto it = objective.params.find(spec.name);
    if (it == objective.params.end()) continue;
    if (auto model = it->second.object_as<ModelHandle>()) roles[spec.name] = model;
  }
  return roles;
}

// Who plays which role besides the student: what the objectives' parameters name.
std::map<std::string, ModelPtr> cast_roles(const StageCall& call, Registry& registry) {
  std::map<std::string, ModelPtr> roles;
  auto objective = option_as<ObjectiveHandle>(call, "objective");
  for (const auto& part : objective->parts) {
    const ComponentInfo* info = registry.find(part.component->kind, part.component->name);
    for (const auto& [role, model] : named_roles(*part.component, info->schema)) {
      auto [it, fresh] = roles.try_emplace(role, model);
      if (!fresh && it->second != model) {
        throw Error(ErrorCode::kUsage, cat("two different models play the ", role),
                    "train against one of them, or mix their outputs in one teacher");
      }
    }
  }
  return roles;
}

std::set<std::string> wanted_roles(const std::vector<WeightedObjective>& objectives) {
  std::set<std::string> roles;
  for (const WeightedObjective& part : objectives) {
    for (const std::string& want : part.objective->wants()) roles.insert(Want::parse(want).role);
  }
  return roles;
}

// A divergence compares probabilities of the same tokens.
void check_vocabularies(const LoadedModel& student, const LoadedModel& other,
                        const std::string& role) {
  if (!student.tokenizer || !other.tokenizer) return;
  if (student.tokenizer->fingerprint() == other.tokenizer->fingerprint()) return;
  throw Error(ErrorCode::kUsage,
              cat("the ", role, " ", other.label, " and the student ", student.label,
                  " have different tokenizers"),
              cat("give the student the ", role, "'s tokenizer: tokenizer = teacher.tokenizer"));
}

class TrainStage : public Stage {
 public:
  StageType type() const override {
    return {"train", "train a student", TrainParams::params().schema(), {{"student", "model"}}};
  }

  Value::Map outputs(const StageCall& call) const override {
    auto student = option_as<ModelHandle>(call, "student");
    return {{"student", stage_model(call, "student", *student)}};
  }

  void check(const StageCall& call, Registry& registry) const override {
    cast_roles(call, registry);
  }

  Value::Map run(const StageCall& call, StageContext& context) const override {
    const auto declared = TrainParams::params();
    TrainSetup setup;
    setup.params = declared.parse(context.instances().prepare(declared.schema(), call.options));
    const auto handle = option_as<ModelHandle>(call, "student");
    const LoadedModel student = context.instances().model(*handle);
    if (!student.tokenizer) {
      throw Error(ErrorCode::kUsage, cat("the student ", student.label, " has no tokenizer"),
                  "give it tokenizer = kd.tokenizer.… {}");
    }
    setup.objectives = make_objectives(call, context);
    setup.roles = load_roles(call, context, student, wanted_roles(setup.objectives));
    EncodeOptions encode;
    encode.max_length = setup.params.max_length;
    setup.data = encode_dataset(*context.rows(*setup.params.data), *student.tokenizer, encode,
                                describe_dataset(*setup.params.data));
    const TrainSummary summary = Trainer(std::move(setup), context).run();
    save(student, context);
    return {{"steps", summary.steps},
            {"tokens", summary.tokens},
            {"first_loss", summary.first_loss},
            {"last_loss", summary.last_loss}};
  }

 private:
  static std::vector<WeightedObjective> make_objectives(const StageCall& call,
                                                        StageContext& context) {
    std::vector<WeightedObjective> objectives;
    for (const auto& part : option_as<ObjectiveHandle>(call, "objective")->parts) {
      WeightedObjective weighted;
      weighted.name = part.component->name;
      weighted.coefficient = part.coefficient;
      weighted.objective =
          std::static_pointer_cast<Objective>(context.instances().fresh(*part.component));
      objectives.push_back(std::move(weighted));
    }
    return objectives;
  }

  static Roles load_roles(const StageCall& call, StageContext& context, const LoadedModel& student,
                          const std::set<std::string>& wanted) {
    Roles roles{{"student", {student.model, true}}};
    const auto cast = cast_roles(call, context.registry());
    for (const std::string& role : wanted) {
      if (role == "student") continue;
      auto it = cast.find(role);
      if (it == cast.end()) {
        throw Error(ErrorCode::kUsage, cat("no model plays the ", role),
                    cat("the objective needs a parameter ", role, " of type kd::ModelRef"));
      }
      const LoadedModel model = context.instances().model(*it->second);
      check_vocabularies(student, model, role);
      for (const NamedTensor& p : model.model->parameters()) p.tensor.set_requires_grad(false);
      roles[role] = {model.model, false};
    }
    return roles;
  }

  static void save(const LoadedModel& student, StageContext& context) {
    const std::filesystem::path folder = context.folder() / "student";
    std::filesystem::create_directories(folder);
    student.model->save(folder);
    student.tokenizer->save(folder);
  }
};

}  // namespace

std::unique_ptr<Stage> make_train_stage() { return std::make_unique<TrainStage>(); }

}  // namespace kd::core
