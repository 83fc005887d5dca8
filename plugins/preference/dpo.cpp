// kd.objective.dpo: direct preference optimisation.
#include <ATen/TensorOperators.h>

#include "pair_loss.h"

namespace preference {
namespace {

struct DpoParams {
  kd::ModelRef reference;
  double beta = 0.1;

  static kd::Params<DpoParams> params() {
    kd::Params<DpoParams> p;
    p.add("reference", &DpoParams::reference,
          "the frozen model that rewards are relative to, usually where the student started")
        .required();
    p.add("beta", &DpoParams::beta, "how strongly the student is held to the reference").above(0);
    return p;
  }
};

class Dpo : public kd::Objective {
 public:
  explicit Dpo(const DpoParams& params) : beta_(params.beta) {}

  std::vector<std::string> wants() const override {
    return {"chosen.student.logits", "rejected.student.logits", "chosen.reference.logits",
            "rejected.reference.logits"};
  }

  std::vector<kd::TermInfo> term_info() const override { return {{"dpo", kd::Unit::kPair}}; }

  std::vector<kd::Sum> compute(kd::ObjectiveContext& context) override {
    const kd::SequenceLogprobs chosen = logprobs(context, "chosen", "student");
    const kd::SequenceLogprobs rejected = logprobs(context, "rejected", "student");
    const at::Tensor gain = chosen.sum - logprobs(context, "chosen", "reference").sum.detach();
    const at::Tensor loss = rejected.sum - logprobs(context, "rejected", "reference").sum.detach();
    const at::Tensor margin = (gain - loss) * beta_;
    kd::observe_pairs(context, chosen, rejected, margin);
    return {{"dpo", logistic_loss(margin)}};
  }

 private:
  double beta_;
};

}  // namespace

void register_dpo(kd::Registrar& registrar) {
  registrar.add<kd::Objective, DpoParams>(
      "dpo", "direct preference optimisation against a frozen reference",
      [](const DpoParams& params, const kd::CreateContext&) {
        return std::make_shared<Dpo>(params);
      });
}

}  // namespace preference
