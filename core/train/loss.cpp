#include "core/train/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/stack.h>

#include <algorithm>
#include <exception>
#include <functional>

#include "core/train/micro_batch.h"
#include "kd/error.h"

namespace kd::core {
namespace {

// "kl", and "kl#2" for the second objective of that name.
std::string label_of(const std::vector<WeightedObjective>& objectives, size_t index) {
  const std::string& name = objectives[index].name;
  const auto begin = objectives.begin();
  const auto same = [&](const WeightedObjective& each) { return each.name == name; };
  const auto earlier = std::count_if(begin, begin + static_cast<std::ptrdiff_t>(index), same);
  return earlier == 0 ? name : cat(name, "#", earlier + 1);
}

// Runs a call into an objective; whatever it throws names the objective.
template <typename Call>
auto guarded(const std::vector<WeightedObjective>& objectives, size_t index, Call call) {
  const std::string place = cat("objective ", label_of(objectives, index));
  try {
    return call(*objectives[index].objective);
  } catch (Error& error) {
    error.add_where(place);
    throw;
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kPlugin, error.what(), {}, place);
  }
}

// What the objectives gave for one micro-batch, by term of the whole loss.
struct Collected {
  std::vector<TokenTerm> token_terms;
  std::vector<size_t> slots;  // parallel: which loss term each belongs to
  std::vector<std::pair<size_t, at::Tensor>> sums;
};

class Collector {
 public:
  Collector(const std::vector<WeightedObjective>& objectives, const LossInput& input,
            LossResult& result)
      : objectives_(objectives), terms_(loss_terms(objectives)), input_(input), result_(result) {}

  Collected collect() {
    Collected out;
    for (size_t k = 0; k < objectives_.size(); ++k) {
      guarded(objectives_, k, [&](Objective& objective) { ask(objective, k, out); });
    }
    check_complete(out);
    return out;
  }

  // Hands the evaluated divergences back to the objectives whose terms they belong to.
  void inspect(const Collected& collected, const TokenTermsResult& tokens) {
    for (size_t k = 0; k < objectives_.size(); ++k) {
      std::vector<at::Tensor> own;
      for (size_t i = 0; i < collected.slots.size(); ++i) {
        if (terms_[collected.slots[i]].objective != k) continue;
        const at::Tensor& labels = collected.token_terms[i].labels;
        own.push_back(labels.defined() ? tokens.per_token[i].view(labels.sizes())
                                       : tokens.per_token[i]);
      }
      if (own.empty()) continue;
      guarded(objectives_, k, [&](Objective& objective) {
        MicroBatch batch = micro_batch(k);
        objective.inspect(batch, own);
      });
    }
  }

 private:
  MicroBatch micro_batch(size_t index) {
    const std::string label = label_of(objectives_, index);
    const bool is_repeated = label != objectives_[index].name;
    return {input_, is_repeated ? label + "." : "", result_.observations};
  }

  void ask(Objective& objective, size_t index, Collected& out) {
    MicroBatch batch = micro_batch(index);
    for (TokenTerm& term : objective.terms(batch)) {
      out.slots.push_back(slot(index, term.name));
      out.token_terms.push_back(std::move(term));
    }
    for (const Sum& sum : objective.compute(batch)) {
      if (!sum.value.defined() || sum.value.numel() != 1) {
        throw Error(ErrorCode::kPlugin, cat("sum '", sum.name, "' is no scalar"));
      }
      out.sums.emplace_back(slot(index, sum.name), sum.value.reshape({}));
    }
  }

  size_t slot(size_t objective, const std::string& own_name) const {
    for (size_t k = 0; k < terms_.size(); ++k) {
      if (terms_[k].objective == objective && terms_[k].own_name == own_name) return k;
    }
    throw Error(ErrorCode::kPlugin, cat("term '", own_name, "' is not in its term_info()"));
  }

  void check_complete(const Collected& out) const {
    for (size_t k = 0; k < terms_.size(); ++k) {
      const bool is_token = std::count(out.slots.begin(), out.slots.end(), k) > 0;
      const auto is_k = [k](const auto& sum) { return sum.first == k; };
      if (is_token || std::any_of(out.sums.begin(), out.sums.end(), is_k)) continue;
      throw Error(ErrorCode::kPlugin,
                  cat("no value for the term '", terms_[k].own_name, "' of term_info()"),
                  "return it from terms() or compute()",
                  cat("objective ", label_of(objectives_, terms_[k].objective)));
    }
  }

  const std::vector<WeightedObjective>& objectives_;
  std::vector<LossTerm> terms_;
  const LossInput& input_;
  LossResult& result_;
};

// coefficient_k / Z_k; a term without a single counted unit in the whole update has no share.
std::vector<double> factors_of(const std::vector<WeightedObjective>& objectives,
                               const LossInput& input, const std::vector<double>& denominators) {
  std::vector<double> out;
  for (const LossTerm& term : loss_terms(objectives)) {
    const double coefficient =
        objectives[term.objective].coefficient.at(input.step, input.total_steps);
    const double count = denominators.at(out.size());
    out.push_back(count > 0 ? coefficient / count : 0);
  }
  return out;
}

void add(at::Tensor& total, const at::Tensor& part) {
  total = total.defined() ? total + part : part;
}

}  // namespace

std::vector<LossTerm> loss_terms(const std::vector<WeightedObjective>& objectives) {
  std::vector<LossTerm> out;
  std::map<std::string, int> uses;
  for (size_t k = 0; k < objectives.size(); ++k) {
    for (const TermInfo& info : objectives[k].objective->term_info()) {
      out.push_back({info.name, info.unit, k, info.name});
      ++uses[info.name];
    }
  }
  for (LossTerm& term : out) {
    if (uses[term.name] > 1) term.name = cat(label_of(objectives, term.objective), ".", term.name);
  }
  return out;
}

std::vector<double> count_terms(const std::vector<WeightedObjective>& objectives,
                                const TensorMap& columns) {
  std::vector<std::map<std::string, double>> counts;
  for (size_t k = 0; k < objectives.size(); ++k) {
    counts.push_back(guarded(objectives, k, [&](Objective& each) { return each.counts(columns); }));
  }
  std::vector<double> out;
  for (const LossTerm& term : loss_terms(objectives)) {
    const auto found = counts[term.objective].find(term.own_name);
    if (found == counts[term.objective].end()) {
      throw Error(ErrorCode::kPlugin, cat("counts() leaves out the term '", term.own_name, "'"), {},
                  cat("objective ", label_of(objectives, term.objective)));
    }
    out.push_back(found->second);
  }
  return out;
}

LossResult evaluate_objectives(const std::vector<WeightedObjective>& objectives,
                               const LossInput& input, const std::vector<double>& denominators) {
  LossResult result;
  Collector collector(objectives, input, result);
  const Collected collected = collector.collect();
  const std::vector<double> factors = factors_of(objectives, input, denominators);
  std::vector<at::Tensor> sums(factors.size());
  if (!collected.token_terms.empty()) {
    std::vector<double> token_factors;
    for (size_t slot : collected.slots) token_factors.push_back(factors[slot]);
    TokenTermsOptions options;
    options.per_token = true;
    const TokenTermsResult tokens =
        evaluate_token_terms(collected.token_terms, token_factors, input.logits, options);
    result.loss = tokens.loss;
    collector.inspect(collected, tokens);
    for (size_t k = 0; k < collected.slots.size(); ++k) {
      add(sums[collected.slots[k]], tokens.sums[static_cast<int64_t>(k)]);
    }
  }
  for (const auto& [slot, value] : collected.sums) {
    add(result.loss, value * factors[slot]);
    add(sums[slot], value.detach().to(at::kDouble));
  }
  result.sums = at::stack(sums);
  return result;
}

}  // namespace kd::core
