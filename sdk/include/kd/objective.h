// Objectives: what a student is trained to minimise.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "kd/logits.h"
#include "kd/random.h"
#include "kd/tensors.h"
#include "kd/token_terms.h"
#include "kd/value.h"

namespace kd {

// What a term's denominator counts.
enum class Unit { kToken, kSequence, kSample, kPair };

// A term of the loss: L = Σ_k coefficient_k · S_k / Z_k. The engine owns Z_k: it adds `counts`
// over all micro-batches and ranks of an update before the first forward.
struct TermInfo {
  std::string name;
  Unit unit = Unit::kToken;
};

// A sum S_k with its graph (scalar, fp32).
struct Sum {
  std::string name;
  at::Tensor value;
};

// A micro-batch as the objective sees it. [train]
class ObjectiveContext {
 public:
  virtual ~ObjectiveContext();

  // A column of the batch: "labels" [B, T] int64 (-100: not counted), "input_ids" [B, T],
  // "attention_mask" [B, T]; for preference pairs "chosen.labels" and so on.
  virtual const at::Tensor& column(std::string_view name) const = 0;
  // A model's output that was declared in wants(), as a tensor with a graph where the role is
  // trained: "student.hidden.6" [B, T, H], "student.logits" [B, T, V] (materialised).
  virtual const at::Tensor& output(std::string_view want) const = 0;
  // The same logits without materialising them: rows are B·T.
  virtual const LazyLogits& logits(std::string_view want) const = 0;

  virtual int64_t step() const = 0;         // optimizer updates done so far
  virtual int64_t total_steps() const = 0;  // planned updates
  virtual RandomStream random(std::string_view purpose) const = 0;

  // Reports a quantity for progress and metrics: shown as Σ sum / Σ count over an update.
  // `sum` is a detached scalar tensor; no synchronisation happens here.
  virtual void observe(std::string_view name, const at::Tensor& sum, double count) = 0;
};

// Contract: `wants`, `term_info` are constant after construction. `counts` is pure. Either `terms`
// (token-level) or `compute` (everything else) is implemented; both may be. One instance is never
// entered concurrently. Token conventions: logits [B, T, V] at t are scored against labels[t].
class Objective {
 public:
  static constexpr const char* kKind = "objective";
  virtual ~Objective();

  // Model outputs needed, in the grammar of kd/want.h. Any side (chosen, rejected) makes the
  // engine feed preference pairs.
  virtual std::vector<std::string> wants() const = 0;
  virtual std::vector<TermInfo> term_info() const = 0;
  // Contribution of one micro-batch's columns to each term's denominator, by term name.
  // The default counts labels != -100 for tokens and rows for the rest.
  virtual std::map<std::string, double> counts(const TensorMap& batch) const;

  virtual std::vector<TokenTerm> terms(ObjectiveContext& context);
  virtual std::vector<Sum> compute(ObjectiveContext& context);

  // After the token terms of a micro-batch were evaluated: their divergences D_n [B, T], detached,
  // zero where not counted, in the order in which terms() gave them. For observations.
  virtual void inspect(ObjectiveContext& context, const std::vector<at::Tensor>& divergences);

  // After every optimizer update, with the globally reduced values of its terms and observations.
  virtual void after_step(const std::map<std::string, double>& metrics);

  // What a checkpoint must hold so that training resumes bit-identically.
  virtual TensorMap state() const;
  virtual void restore(const TensorMap& state);
};

}  // namespace kd
