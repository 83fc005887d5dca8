#include "core/train/step_metrics.h"

#include <ATen/TensorOperators.h>

namespace kd::core {

StepMetrics::StepMetrics(const std::vector<LossTerm>& terms, std::vector<double> coefficients,
                         std::vector<double> denominators)
    : terms_(terms),
      coefficients_(std::move(coefficients)),
      denominators_(std::move(denominators)) {}

void StepMetrics::add(const LossResult& result) {
  values_.clear();
  sums_ = sums_.defined() ? sums_ + result.sums : result.sums;
  for (const Observation& observation : result.observations) {
    auto [it, fresh] = observed_.try_emplace(observation.name, observation.sum, observation.count);
    if (fresh) continue;
    it->second.first = it->second.first + observation.sum;
    it->second.second += observation.count;
  }
}

const std::map<std::string, double>& StepMetrics::values() const {
  if (!values_.empty()) return values_;
  const at::Tensor sums = sums_.cpu();
  const auto* sum = sums.const_data_ptr<double>();
  for (size_t k = 0; k < terms_.size(); ++k) {
    values_[terms_[k].name] = denominators_[k] > 0 ? sum[k] / denominators_[k] : 0.0;
  }
  for (const auto& [name, total] : observed_) {
    values_.try_emplace(name, total.second > 0 ? total.first.item<double>() / total.second : 0.0);
  }
  return values_;
}

double StepMetrics::loss() const {
  double loss = 0;
  for (size_t k = 0; k < terms_.size(); ++k) loss += coefficients_[k] * values().at(terms_[k].name);
  return loss;
}

std::vector<std::pair<std::string, double>> StepMetrics::shown() const {
  std::vector<std::pair<std::string, double>> out{{"loss", loss()}};
  if (terms_.size() < 2) return out;
  for (const LossTerm& term : terms_) out.emplace_back(term.name, values().at(term.name));
  return out;
}

}  // namespace kd::core
