// A complete plugin: one objective. Copy the folder and put your own formula into compute().
#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <vector>

#include "kd/objective.h"
#include "kd/plugin.h"
#include "kd/tensors.h"
#include "kd/token_terms.h"

namespace {

// The recipe's table, declared once: from here come its checks, its documentation and its schema.
struct HiddenMatchParams {
  kd::ModelRef teacher;
  int64_t student_layer = 0;
  int64_t teacher_layer = 0;

  static kd::Params<HiddenMatchParams> params() {
    kd::Params<HiddenMatchParams> p;
    p.add("teacher", &HiddenMatchParams::teacher, "whose hidden states to approach").required();
    p.add("student_layer", &HiddenMatchParams::student_layer, "0: embeddings").at_least(0);
    p.add("teacher_layer", &HiddenMatchParams::teacher_layer, "0: embeddings").at_least(0);
    return p;
  }
};

// S = Σ over counted tokens of mean_h (s_h - t_h)²; the engine divides by the number of tokens.
class HiddenMatch : public kd::Objective {
 public:
  explicit HiddenMatch(const HiddenMatchParams& params)
      : student_("student.hidden." + std::to_string(params.student_layer)),
        teacher_("teacher.hidden." + std::to_string(params.teacher_layer)) {}

  std::vector<std::string> wants() const override { return {student_, teacher_}; }

  std::vector<kd::TermInfo> term_info() const override { return {{"match", kd::Unit::kToken}}; }

  std::vector<kd::Sum> compute(kd::ObjectiveContext& context) override {
    const at::Tensor& student = context.output(student_);  // [B, T, H]
    const at::Tensor& teacher = context.output(teacher_);  // [B, T, H]
    if (student.sizes() != teacher.sizes()) {
      throw kd::Error(
          kd::ErrorCode::kUsage,
          kd::cat("hidden states differ in shape: student ", kd::describe_tensor(student),
                  ", teacher ", kd::describe_tensor(teacher)),
          "hidden_match needs models of one width");
    }
    const at::Tensor counted = context.column("labels") != kd::kIgnoreLabel;  // [B, T]
    const at::Tensor difference = student.to(at::kFloat) - teacher.detach().to(at::kFloat);
    const at::Tensor per_token = difference.square().mean(-1);  // [B, T]
    return {{"match", (per_token * counted).sum()}};
  }

 private:
  std::string student_;
  std::string teacher_;
};

void register_all(kd::Registrar& registrar) {
  registrar.add<kd::Objective, HiddenMatchParams>(
      "hidden_match", "the student's hidden states approach the teacher's",
      [](const HiddenMatchParams& params, const kd::CreateContext&) {
        return std::make_shared<HiddenMatch>(params);
      });
}

}  // namespace

KD_PLUGIN("hidden_match", "0.1.0", register_all)
