// What one update measured. Values stay on the device until somebody reads them.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/train/loss.h"

namespace kd::core {

class StepMetrics {
 public:
  // Terms with their coefficients and denominators in this update.
  StepMetrics(const std::vector<LossTerm>& terms, std::vector<double> coefficients,
              std::vector<double> denominators);

  void add(const LossResult& result);  // one micro-batch's share

  // Reading synchronises with the device.
  double loss() const;  // Σ c_k·S_k/Z_k
  // Each term's S_k/Z_k and each observation's mean, by name.
  const std::map<std::string, double>& values() const;
  // The loss and, where there are several, its terms: for the progress line.
  std::vector<std::pair<std::string, double>> shown() const;

 private:
  const std::vector<LossTerm>& terms_;
  std::vector<double> coefficients_;
  std::vector<double> denominators_;
  at::Tensor sums_;  // [K] fp64
  std::map<std::string, std::pair<at::Tensor, double>> observed_;
  mutable std::map<std::string, double> values_;  // filled on first reading
};

}  // namespace kd::core
