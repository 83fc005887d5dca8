// What an objective sees of a micro-batch.
#pragma once

#include <string>
#include <vector>

#include "core/train/loss.h"
#include "kd/objective.h"

namespace kd::core {

class MicroBatch : public ObjectiveContext {
 public:
  // `input` and `observations` outlive this. Names of observations get `prefix` in front.
  MicroBatch(const LossInput& input, std::string prefix, std::vector<Observation>& observations)
      : input_(input), prefix_(std::move(prefix)), observations_(observations) {}

  const at::Tensor& column(std::string_view name) const override;
  const at::Tensor& output(std::string_view want) const override;
  const LazyLogits& logits(std::string_view want) const override;
  int64_t step() const override { return input_.step; }
  int64_t total_steps() const override { return input_.total_steps; }
  RandomStream random(std::string_view purpose) const override;
  void observe(std::string_view name, const at::Tensor& sum, double count) override;

 private:
  const LossInput& input_;
  std::string prefix_;
  std::vector<Observation>& observations_;
  mutable TensorMap materialised_;  // logits that somebody asked for as a matrix, [B, T, V]
};

}  // namespace kd::core
