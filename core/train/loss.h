// From objectives to one loss: L = Σ_k coefficient_k · S_k / Z_k. The engine owns the Z_k;
// training, validation and `kdrun probe` all come through here.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kd/objective.h"
#include "kd/schedule.h"

namespace kd::core {

// One summand of a recipe's objective.
struct WeightedObjective {
  std::string name;  // the component's: "kl"
  std::shared_ptr<Objective> objective;
  Schedule coefficient = 1.0;
};

// A term of the whole loss.
struct LossTerm {
  std::string name;  // "kl"; "kl.kl" where several objectives call a term the same
  Unit unit = Unit::kToken;
  size_t objective = 0;  // index into the objectives
  std::string own_name;  // as its objective calls it
};

// All terms, objective by objective. Two objectives of one component are told apart as "kl" and
// "kl#2". Constant after the objectives are made.
std::vector<LossTerm> loss_terms(const std::vector<WeightedObjective>& objectives);

// Contribution of a micro-batch to the denominators, parallel to loss_terms(). Pure.
std::vector<double> count_terms(const std::vector<WeightedObjective>& objectives,
                                const TensorMap& columns);

// A micro-batch with what the models made of it.
struct LossInput {
  const TensorMap& columns;                         // "labels" [B, T] int64, "chosen.labels", …
  const std::map<std::string, LazyLogits>& logits;  // by want, rows are B·T
  const TensorMap& outputs;                         // by want, other than logits
  int64_t step = 0;                                 // updates done
  int64_t total_steps = 0;
  RandomStream random;  // of this stage
};

// A quantity for progress and metrics: Σ sum / Σ count over an update.
struct Observation {
  std::string name;
  at::Tensor sum;  // detached scalar
  double count = 0;
};

struct LossResult {
  at::Tensor loss;  // scalar with a graph: this micro-batch's share of L
  at::Tensor sums;  // [K] fp64, detached: S_k in the order of loss_terms(), on the logits' device
  std::vector<Observation> observations;
};

// Evaluates all objectives on one micro-batch. `denominators` holds Z_k of the whole update, in the
// order of loss_terms(). Token terms of all objectives that share a student want are evaluated
// together. Errors name the objective. [train]
LossResult evaluate_objectives(const std::vector<WeightedObjective>& objectives,
                               const LossInput& input, const std::vector<double>& denominators);

}  // namespace kd::core
