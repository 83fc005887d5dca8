#include "kd/objective.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/sum.h>

#include <set>

#include "kd/error.h"
#include "kd/want.h"

namespace kd {
namespace {

// The sides of the pairs that an objective looks at: {"chosen", "rejected"}, or {""} for none.
std::set<std::string> sides_of(const Objective& objective) {
  std::set<std::string> sides;
  for (const std::string& want : objective.wants()) sides.insert(Want::parse(want).side);
  if (sides.empty()) sides.insert("");
  return sides;
}

}  // namespace

ObjectiveContext::~ObjectiveContext() = default;
Objective::~Objective() = default;

std::map<std::string, double> Objective::counts(const TensorMap& batch) const {
  double tokens = 0;
  double rows = 0;
  for (const std::string& side : sides_of(*this)) {
    const at::Tensor& labels = require_tensor(batch, side_name(side, "labels"));
    tokens += static_cast<double>(labels.ne(kIgnoreLabel).sum().item<int64_t>());
    rows = static_cast<double>(labels.size(0));
  }
  std::map<std::string, double> out;
  for (const TermInfo& info : term_info()) {
    out[info.name] = info.unit == Unit::kToken ? tokens : rows;
  }
  return out;
}

std::vector<TokenTerm> Objective::terms(ObjectiveContext& /*context*/) { return {}; }

std::vector<Sum> Objective::compute(ObjectiveContext& /*context*/) { return {}; }

void Objective::inspect(ObjectiveContext& /*context*/,
                        const std::vector<at::Tensor>& /*divergences*/) {}

void Objective::after_step(const std::map<std::string, double>& /*metrics*/) {}

TensorMap Objective::state() const { return {}; }

void Objective::restore(const TensorMap& /*state*/) {}

}  // namespace kd
