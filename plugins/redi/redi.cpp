// kd.objective.redi: reinforcement distillation from pairs of a right and a wrong trace.
#include <ATen/TensorOperators.h>
#include <ATen/ops/exp.h>

#include "kd/objective.h"
#include "kd/plugin.h"
#include "kd/sequence_logprobs.h"
#include "kd/want.h"

namespace {

struct RediParams {
  kd::Schedule alpha = 0.8;
  double chosen_weight = 1.0;
  double gate = 0.0;

  static kd::Params<RediParams> params() {
    kd::Params<RediParams> p;
    p.add("alpha", &RediParams::alpha, "weight of the wrong traces").range(0, 1);
    p.add("chosen_weight", &RediParams::chosen_weight, "weight of the right traces").at_least(0);
    p.add("gate", &RediParams::gate,
          "the wrong trace's term is multiplied by exp(gate · its mean log-probability); "
          "0 is no gate")
        .at_least(0);
    return p;
  }
};

// -factor / |y| · Σ log q(y), one weight a sequence.
kd::TokenTerm sequence_term(kd::ObjectiveContext& context, const std::string& side, double factor) {
  kd::TokenTerm term;
  term.name = side;
  term.divergence = kd::Divergence::kCrossEntropy;
  term.student = kd::side_name(side, "student.logits");
  term.labels = context.column(kd::side_name(side, "labels"));
  const at::Tensor length = term.labels.ne(kd::kIgnoreLabel).sum(1, true).clamp_min(1);
  term.weight = length.to(at::kDouble).reciprocal() * factor;
  return term;
}

class Redi : public kd::Objective {
 public:
  explicit Redi(RediParams params) : params_(std::move(params)) {}

  std::vector<std::string> wants() const override {
    return {"chosen.student.logits", "rejected.student.logits"};
  }

  std::vector<kd::TermInfo> term_info() const override {
    return {{"chosen", kd::Unit::kPair}, {"rejected", kd::Unit::kPair}};
  }

  std::vector<kd::TokenTerm> terms(kd::ObjectiveContext& context) override {
    if (params_.gate > 0) return {};
    return {sequence_term(context, "chosen", params_.chosen_weight),
            sequence_term(context, "rejected", -alpha(context))};
  }

  // The gate's factor depends on the student and is not detached: no weighted sum of tokens.
  std::vector<kd::Sum> compute(kd::ObjectiveContext& context) override {
    if (params_.gate <= 0) return {};
    const auto chosen = logprobs(context, "chosen");
    const auto rejected = logprobs(context, "rejected");
    observe(context, chosen, rejected);
    const at::Tensor wrong = rejected.mean();
    return {{"chosen", chosen.mean().sum() * -params_.chosen_weight},
            {"rejected", (wrong * at::exp(wrong * params_.gate)).sum() * alpha(context)}};
  }

  void inspect(kd::ObjectiveContext& context, const std::vector<at::Tensor>& nll) override {
    observe(context, kd::sequence_logprobs(-nll[0], context.column("chosen.labels")),
            kd::sequence_logprobs(-nll[1], context.column("rejected.labels")));
  }

 private:
  static kd::SequenceLogprobs logprobs(kd::ObjectiveContext& context, const std::string& side) {
    return kd::sequence_logprobs(context.logits(kd::side_name(side, "student.logits")),
                                 context.column(kd::side_name(side, "labels")));
  }

  static void observe(kd::ObjectiveContext& context, const kd::SequenceLogprobs& chosen,
                      const kd::SequenceLogprobs& rejected) {
    kd::observe_pairs(context, chosen, rejected, chosen.mean() - rejected.mean());
  }

  double alpha(const kd::ObjectiveContext& context) const {
    return params_.alpha.at(context.step(), context.total_steps());
  }

  RediParams params_;
};

void register_all(kd::Registrar& registrar) {
  registrar.add<kd::Objective, RediParams>(
      "redi", "likelihood up for right traces, down with a smaller weight for wrong ones",
      [](const RediParams& params, const kd::CreateContext&) {
        return std::make_shared<Redi>(params);
      });
}

}  // namespace

KD_PLUGIN("redi", "0.1.0", register_all)
