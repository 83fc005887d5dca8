// kd.objective.cross_entropy: negative log-likelihood of the labels.
#include <ATen/TensorOperators.h>

#include "kd/objective.h"
#include "kd/plugin.h"

namespace {

class CrossEntropy : public kd::Objective {
 public:
  std::vector<std::string> wants() const override { return {"student.logits"}; }

  std::vector<kd::TermInfo> term_info() const override {
    return {{"cross_entropy", kd::Unit::kToken}};
  }

  std::vector<kd::TokenTerm> terms(kd::ObjectiveContext& context) override {
    kd::TokenTerm term;
    term.name = "cross_entropy";
    term.divergence = kd::Divergence::kCrossEntropy;
    term.labels = context.column("labels");
    return {term};
  }
};

void register_all(kd::Registrar& registrar) {
  registrar.add<kd::Objective, kd::NoParams>(
      "cross_entropy", "negative log-likelihood of the labels, mean over tokens",
      [](const kd::NoParams&, const kd::CreateContext&) {
        return std::make_shared<CrossEntropy>();
      });
}

}  // namespace

KD_PLUGIN("cross_entropy", "0.1.0", register_all)
