// kd.objective.kl: divergences between teacher and student at every counted token.
#include <ATen/TensorOperators.h>

#include <limits>

#include "kd/objective.h"
#include "kd/plugin.h"

namespace {

struct KlParams {
  kd::ModelRef teacher;
  std::string direction = "forward";
  double beta = 0.5;
  kd::Schedule temperature = 1.0;
  double temperature_power = 2.0;
  double clip = std::numeric_limits<double>::infinity();

  static kd::Params<KlParams> params() {
    kd::Params<KlParams> p;
    p.add("teacher", &KlParams::teacher, "the model whose distributions are the target").required();
    p.add("direction", &KlParams::direction, "forward: KL(teacher ‖ student), reverse, or jsd")
        .choices({"forward", "reverse", "jsd"});
    p.add("beta", &KlParams::beta,
          "jsd: weight of the teacher in the mixture; 0 is forward, 1 reverse")
        .range(0, 1);
    p.add("temperature", &KlParams::temperature, "divides both models' logits").above(0);
    p.add("temperature_power", &KlParams::temperature_power,
          "the loss is multiplied by temperature to this power; 2 keeps gradients' size, 0 is none")
        .range(0, 2);
    p.add("clip", &KlParams::clip,
          "upper bound of a token's divergence; tokens above it give no gradient")
        .above(0)
        .unit("nat");
    return p;
  }
};

kd::Divergence divergence_of(const std::string& direction) {
  if (direction == "forward") return kd::Divergence::kForwardKl;
  return direction == "reverse" ? kd::Divergence::kReverseKl : kd::Divergence::kJsd;
}

class Kl : public kd::Objective {
 public:
  explicit Kl(KlParams params) : params_(std::move(params)) {}

  std::vector<std::string> wants() const override { return {"student.logits", "teacher.logits"}; }

  std::vector<kd::TermInfo> term_info() const override { return {{"kl", kd::Unit::kToken}}; }

  std::vector<kd::TokenTerm> terms(kd::ObjectiveContext& context) override {
    kd::TokenTerm term;
    term.name = "kl";
    term.divergence = divergence_of(params_.direction);
    term.teacher = "teacher.logits";
    term.labels = context.column("labels");
    term.temperature = params_.temperature.at(context.step(), context.total_steps());
    term.temperature_power = params_.temperature_power;
    term.beta = params_.beta;
    term.clip = params_.clip;
    return {term};
  }

 private:
  KlParams params_;
};

void register_all(kd::Registrar& registrar) {
  registrar.add<kd::Objective, KlParams>(
      "kl", "forward KL, reverse KL or Jensen-Shannon divergence from a teacher, mean over tokens",
      [](const KlParams& params, const kd::CreateContext&) {
        return std::make_shared<Kl>(params);
      });
}

}  // namespace

KD_PLUGIN("kl", "0.1.0", register_all)
