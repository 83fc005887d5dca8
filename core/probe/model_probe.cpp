#include "core/probe/model_probe.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/full_like.h>
#include <ATen/ops/where.h>

#include "core/data/dataset_ops.h"
#include "core/pipeline/instances.h"
#include "kd/error.h"
#include "kd/token_terms.h"

namespace kd::core {
namespace {

// A probe has no recipe: no datasets, no stages.
class NoDatasets : public DatasetHost {
 public:
  std::shared_ptr<const RowSource> source(const ComponentPtr&, const std::string&) override {
    throw Error(ErrorCode::kUsage, "a probe has no datasets");
  }
  std::shared_ptr<const RowSource> stage(const std::string&, const std::string&) override {
    throw Error(ErrorCode::kUsage, "a probe has no stages");
  }
};
class NoModels : public ModelStore {
 public:
  std::filesystem::path model_folder(const std::string&, const std::string&) override {
    throw Error(ErrorCode::kUsage, "a probe has no stages");
  }
};

std::shared_ptr<Model> make_model(Registry& registry, const ModelProbe& probe) {
  const ComponentInfo* info = registry.find(Model::kKind, probe.name);
  if (!info) {
    throw Error(ErrorCode::kUsage, cat("no model named '", probe.name, "'"),
                did_you_mean(probe.name, registry.names(Model::kKind)));
  }
  ComponentHandle handle;
  handle.kind = Model::kKind;
  handle.role = probe.role;
  handle.name = probe.name;
  handle.params = info->schema.resolve_or_throw(probe.settings, cat(probe.role, ".", probe.name));
  NoDatasets datasets;
  NoModels models;
  Instances instances(registry, datasets, models, probe.seed);
  return std::static_pointer_cast<Model>(instances.fresh(handle));
}

// labels[t] = input_ids[t+1] where both are real tokens.
at::Tensor next_token_labels(const TensorMap& inputs) {
  const at::Tensor& ids = require_tensor(inputs, "input_ids");
  at::Tensor labels = at::full_like(ids, kIgnoreLabel);
  at::Tensor next = ids.narrow(1, 1, ids.size(1) - 1);
  if (auto mask = inputs.find("attention_mask"); mask != inputs.end()) {
    const at::Tensor real = mask->second.narrow(1, 1, ids.size(1) - 1).ne(0);
    next = at::where(real, next, at::full_like(next, kIgnoreLabel));
  }
  labels.narrow(1, 0, ids.size(1) - 1).copy_(next);
  return labels;
}

bool is_derived(const std::string& want) { return want == "loss" || want.rfind("grad.", 0) == 0; }

void add_loss_and_gradients(Model& model, const ModelProbe& probe, const TensorMap& inputs,
                            TensorMap& out) {
  for (const NamedTensor& p : model.parameters()) {
    p.tensor.set_requires_grad(true);
  }
  const at::AutoGradMode grad(true);
  ForwardOptions options;
  options.grad = Grad::kAll;
  const Outputs outputs = model.forward(inputs, {"logits"}, options);
  auto given = inputs.find("labels");
  const at::Tensor labels = given != inputs.end() ? given->second : next_token_labels(inputs);
  TokenTerm term;
  term.name = "loss";
  term.labels = labels;
  const double count = labels.ne(kIgnoreLabel).sum().item<double>();
  const double factor = count > 0 ? 1.0 / count : 0.0;
  const auto result = evaluate_token_terms(std::span(&term, 1), std::span(&factor, 1),
                                           {{term.student, outputs.logits}});
  out["loss"] = result.loss.detach();
  result.loss.backward();
  for (const NamedTensor& p : model.parameters()) {
    if (p.tensor.grad().defined()) out["grad." + p.name] = p.tensor.grad();
  }
  for (const std::string& want : probe.wants) {
    if (is_derived(want) && out.find(want) == out.end()) {
      throw Error(ErrorCode::kUsage, cat("the loss has no gradient '", want, "'"),
                  "write grad.<parameter>, with the parameter's name in the model's file");
    }
  }
}

}  // namespace

TensorMap probe_model(Registry& registry, const ModelProbe& probe, const TensorMap& inputs) {
  const auto model = make_model(registry, probe);
  std::vector<std::string> direct;
  bool derived = false;
  for (const std::string& want : probe.wants) {
    is_derived(want) ? void(derived = true) : direct.push_back(want);
  }
  TensorMap out;
  if (!direct.empty()) {
    const at::NoGradGuard no_grad;
    const Outputs outputs = model->forward(inputs, direct, {});
    const int64_t batch = require_tensor(inputs, "input_ids").size(0);
    for (const std::string& want : direct) out[want] = outputs.get(want, batch);
  }
  if (derived) {
    TensorMap all;
    add_loss_and_gradients(*model, probe, inputs, all);
    for (const std::string& want : probe.wants) {
      if (is_derived(want)) out[want] = all.at(want);
    }
  }
  return out;
}

Value describe_model_probe(Registry& registry, const ModelProbe& probe) {
  const auto model = make_model(registry, probe);
  const ModelDescription description = model->describe();
  Value::List outputs(description.outputs.begin(), description.outputs.end());
  return Value(Value::Map{{"architecture", description.architecture},
                          {"parameters", description.parameters},
                          {"vocabulary", description.vocabulary},
                          {"hidden", description.hidden},
                          {"layers", description.layers},
                          {"max_positions", description.max_positions},
                          {"outputs", std::move(outputs)},
                          {"schema", registry.find(Model::kKind, probe.name)->schema.to_value()}});
}

}  // namespace kd::core
