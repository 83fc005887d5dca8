// kd.objective.simpo: preference optimisation without a reference.
#include <ATen/TensorOperators.h>

#include "pair_loss.h"

namespace preference {
namespace {

struct SimpoParams {
  double beta = 2.0;
  double gamma = 1.0;

  static kd::Params<SimpoParams> params() {
    kd::Params<SimpoParams> p;
    p.add("beta", &SimpoParams::beta, "scale of the rewards").above(0);
    p.add("gamma", &SimpoParams::gamma, "margin that the chosen answer's reward should have");
    return p;
  }
};

class Simpo : public kd::Objective {
 public:
  explicit Simpo(const SimpoParams& params) : params_(params) {}

  std::vector<std::string> wants() const override {
    return {"chosen.student.logits", "rejected.student.logits"};
  }

  std::vector<kd::TermInfo> term_info() const override { return {{"simpo", kd::Unit::kPair}}; }

  std::vector<kd::Sum> compute(kd::ObjectiveContext& context) override {
    const kd::SequenceLogprobs chosen = logprobs(context, "chosen", "student");
    const kd::SequenceLogprobs rejected = logprobs(context, "rejected", "student");
    const at::Tensor margin = (chosen.mean() - rejected.mean()) * params_.beta;
    kd::observe_pairs(context, chosen, rejected, margin);
    return {{"simpo", logistic_loss(margin - params_.gamma)}};
  }

 private:
  SimpoParams params_;
};

}  // namespace

void register_simpo(kd::Registrar& registrar) {
  registrar.add<kd::Objective, SimpoParams>(
      "simpo", "reference-free preference optimisation with length-normalised rewards",
      [](const SimpoParams& params, const kd::CreateContext&) {
        return std::make_shared<Simpo>(params);
      });
}

}  // namespace preference
