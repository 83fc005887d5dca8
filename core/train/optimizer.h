// Optimizers: the engine's own components, kd.optimizer.adamw.
#pragma once

#include <memory>
#include <vector>

#include "kd/model.h"
#include "kd/plugin.h"

namespace kd::core {

// Updates parameters in place from their .grad. [train]
class Optimizer {
 public:
  static constexpr const char* kKind = "optimizer";
  virtual ~Optimizer() = default;

  // Takes the trainable parameters; called once, before the first step.
  virtual void attach(const std::vector<NamedTensor>& parameters) = 0;
  // One update with the learning rate times `scale` (the stage's schedule). Parameters without a
  // gradient are left alone.
  virtual void step(double scale) = 0;
  virtual double learning_rate() const = 0;  // before the schedule

  // Moments and step counts by parameter name, for checkpoints.
  virtual TensorMap state() const = 0;
  virtual void restore(const TensorMap& state) = 0;
};

void register_optimizers(Registrar& registrar);

}  // namespace kd::core
