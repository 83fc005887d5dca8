#include "core/probe/objective_probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include <set>
#include <vector>

#include "core/train/loss.h"
#include "kd/error.h"
#include "kd/objective.h"
#include "kd/want.h"

namespace kd::core {
namespace {

constexpr std::string_view kStudentRole = "student";

const ComponentInfo& find_objective(ComponentCatalog& catalog, const std::string& name) {
  const ComponentInfo* info = catalog.find(Objective::kKind, name);
  if (info != nullptr) return *info;
  throw Error(ErrorCode::kUsage, cat("there is no objective '", name, "'"),
              did_you_mean(name, catalog.names(Objective::kKind)));
}

// The settings with defaults. A probe has no models: those parameters may be, and stay, absent.
Value::Map resolve_settings(const ComponentInfo& info, const Value::Map& settings) {
  const auto is_model = [&](std::string_view key) {
    const ParamSpec* spec = info.schema.find(key);
    return spec != nullptr && spec->type == ParamType::kModel;
  };
  for (const auto& [key, unused] : settings) {
    if (!is_model(key)) continue;
    throw Error(ErrorCode::kUsage, cat("'", key, "' is a model; a probe takes its outputs instead"),
                cat("leave it out and put '", key, ".logits' into the input file"));
  }
  std::vector<ParamProblem> problems;
  Value::Map resolved = info.schema.resolve(settings, problems);
  std::vector<std::string> texts;
  for (const ParamProblem& problem : problems) {
    if (is_model(problem.key)) continue;
    texts.push_back(problem.hint.empty() ? problem.message
                                         : cat(problem.message, " (", problem.hint, ")"));
  }
  if (texts.empty()) return resolved;
  throw Error(ErrorCode::kUsage, join(texts, "; "), {}, cat("objective ", info.name));
}

WeightedObjective make_objective(ComponentCatalog& catalog, const ComponentInfo& info,
                                 const Value::Map& settings) {
  const CreateContext context{RandomStream(StreamKey{})};
  auto made =
      catalog.create(Objective::kKind, info.name, resolve_settings(info, settings), context);
  return {info.name, std::static_pointer_cast<Objective>(made), 1.0};
}

std::vector<Want> wants_of(const WeightedObjective& objective) {
  std::vector<Want> out;
  for (const std::string& want : objective.objective->wants()) out.push_back(Want::parse(want));
  return out;
}

const at::Tensor& find_input(const TensorMap& inputs, const std::string& name) {
  const auto found = inputs.find(name);
  if (found != inputs.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [each, unused] : inputs) names.push_back(each);
  throw Error(ErrorCode::kData, cat("the input has no tensor '", name, "'"),
              cat("it has: ", names.empty() ? "nothing" : join(names)));
}

// A batch in the form in which the train stage has it.
struct Batch {
  TensorMap columns;
  std::map<std::string, LazyLogits> logits;
  TensorMap outputs;
  TensorMap leaves;  // outputs of the student, which take gradients
};

[[noreturn]] void bad_tensor(const std::string& name, const std::string& expected,
                             const at::Tensor& tensor) {
  throw Error(ErrorCode::kData,
              cat(name, ": expected ", expected, ", got ", describe_tensor(tensor)));
}

void add_output(Batch& batch, const Want& want, const TensorMap& inputs) {
  const std::string name = want.str();
  at::Tensor tensor = find_input(inputs, name).detach();
  if (!tensor.is_floating_point()) bad_tensor(name, "floating numbers", tensor);
  if (want.role == kStudentRole) batch.leaves[name] = tensor.requires_grad_(true);
  if (want.output != "logits") {
    batch.outputs[name] = tensor;
    return;
  }
  if (tensor.dim() != 3) bad_tensor(name, "[B, T, V]", tensor);
  batch.logits[name] = LazyLogits::from_dense(tensor);
}

// Labels are [B, T] int64 in step with the logits of their side.
void check_labels(const std::vector<Want>& wants, const TensorMap& inputs, Batch& batch) {
  for (const Want& want : wants) {
    if (want.output != "logits") continue;
    const std::string name = side_name(want.side, "labels");
    at::Tensor labels = find_input(inputs, name);
    const at::Tensor& logits = find_input(inputs, want.str());
    const bool is_integer = at::isIntegralType(labels.scalar_type(), /*includeBool=*/false);
    if (!is_integer || labels.dim() != 2 || labels.size(0) != logits.size(0) ||
        labels.size(1) != logits.size(1)) {
      bad_tensor(name, cat("integers [", logits.size(0), ", ", logits.size(1), "] as ", want.str()),
                 labels);
    }
    batch.columns[name] = labels.to(at::kLong);
  }
}

Batch make_batch(const std::vector<Want>& wants, const TensorMap& inputs) {
  Batch batch;
  std::set<std::string> used;
  for (const Want& want : wants) {
    add_output(batch, want, inputs);
    used.insert(want.str());
  }
  for (const auto& [name, tensor] : inputs) {
    if (used.count(name) == 0) batch.columns[name] = tensor;
  }
  check_labels(wants, inputs, batch);
  return batch;
}

at::Tensor scalar(double value) {
  return at::full({}, value, at::TensorOptions().dtype(at::kDouble));
}

TensorMap gradients(const at::Tensor& loss, const TensorMap& leaves) {
  if (loss.requires_grad()) loss.backward();
  TensorMap out;
  for (const auto& [name, leaf] : leaves) {
    const at::Tensor& grad = leaf.grad();
    out["grad." + name] = grad.defined() ? grad : at::zeros_like(leaf);
  }
  return out;
}

std::string unit_text(Unit unit) {
  switch (unit) {
    case Unit::kToken:
      return "token";
    case Unit::kSequence:
      return "sequence";
    case Unit::kSample:
      return "sample";
    case Unit::kPair:
      return "pair";
  }
  return {};
}

}  // namespace

TensorMap probe_objective(ComponentCatalog& catalog, const std::string& name,
                          const Value::Map& settings, const TensorMap& inputs) {
  const ComponentInfo& info = find_objective(catalog, name);
  const std::vector<WeightedObjective> objectives = {make_objective(catalog, info, settings)};
  const Batch batch = make_batch(wants_of(objectives[0]), inputs);
  const std::vector<double> counts = count_terms(objectives, batch.columns);
  const LossInput input{
      batch.columns, batch.logits, batch.outputs, 0, 1, RandomStream(StreamKey{.stage = "probe"})};
  const LossResult result = evaluate_objectives(objectives, input, counts);
  TensorMap out = gradients(result.loss, batch.leaves);
  out["loss"] = result.loss.detach();
  const std::vector<LossTerm> terms = loss_terms(objectives);
  for (size_t k = 0; k < terms.size(); ++k) {
    out["sum." + terms[k].name] = result.sums[static_cast<int64_t>(k)].clone();
    out["count." + terms[k].name] = scalar(counts[k]);
  }
  for (const Observation& seen : result.observations) {
    out["observed." + seen.name] = seen.sum.to(at::kDouble) / seen.count;
  }
  return out;
}

Value describe_objective_probe(ComponentCatalog& catalog, const std::string& name,
                               const Value::Map& settings) {
  const ComponentInfo& info = find_objective(catalog, name);
  const WeightedObjective objective = make_objective(catalog, info, settings);
  Value::List wants;
  std::set<std::string> columns;
  for (const Want& want : wants_of(objective)) {
    wants.emplace_back(want.str());
    columns.insert(side_name(want.side, "labels"));
  }
  Value::List terms;
  for (const TermInfo& term : objective.objective->term_info()) {
    terms.emplace_back(Value::Map{{"name", term.name}, {"unit", unit_text(term.unit)}});
  }
  return Value::Map{{"kind", info.kind},
                    {"name", info.name},
                    {"summary", info.summary},
                    {"wants", std::move(wants)},
                    {"columns", Value::List(columns.begin(), columns.end())},
                    {"terms", std::move(terms)},
                    {"parameters", info.schema.to_value()}};
}

}  // namespace kd::core
