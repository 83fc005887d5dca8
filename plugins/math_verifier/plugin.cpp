#include "kd/plugin.h"

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "answer.h"
#include "extract.h"
#include "kd/error.h"
#include "kd/verifier.h"

namespace kd::math {
namespace {

struct MathParams {
  std::string answer = "answer";
  bool lenient = false;
  double tolerance = 1e-6;

  static Params<MathParams> params() {
    Params<MathParams> p;
    p.add("answer", &MathParams::answer, "column of the right answer");
    p.add("lenient", &MathParams::lenient,
          "take the last number of a completion that announces no answer");
    p.add("tolerance", &MathParams::tolerance, "relative, for numbers written as decimals")
        .range(0, 1);
    return p;
  }
};

// The answer of a row: a number, a text that is the answer, or a whole solution that announces it.
std::string reference_text(const Row& row, const std::string& column) {
  const auto it = row.find(column);
  if (it == row.end()) {
    std::vector<std::string> columns;
    for (const auto& [name, value] : row) columns.push_back(name);
    throw Error(ErrorCode::kData, cat("verifier math: the row has no column '", column, "'"),
                cat("columns: ", join(columns), "; ", did_you_mean(column, columns)));
  }
  const Value& value = it->second;
  if (value.is_integer()) return std::to_string(value.as_integer());
  if (value.is_number()) return cat(value.as_number());
  if (value.is_bool()) return value.as_bool() ? "yes" : "no";
  if (!value.is_string()) return {};
  const std::string& text = value.as_string();
  const bool is_solution =
      text.find("\\boxed{") != std::string::npos || text.find("####") != std::string::npos;
  return is_solution ? extract_answer(text, false).value_or("") : text;
}

class MathVerifier : public Verifier {
 public:
  explicit MathVerifier(MathParams params) : params_(std::move(params)) {}

  Verdict verify(const Row& row, const std::string& completion) const override {
    Verdict verdict;
    const Answer reference = parse_answer(reference_text(row, params_.answer));
    if (reference.kind == Answer::Kind::kNone) {
      verdict.state = VerdictState::kUnparsableReference;
      return verdict;
    }
    const auto extracted = extract_answer(completion, params_.lenient);
    const Answer prediction = extracted ? parse_answer(*extracted) : Answer{};
    verdict.extracted = extracted.value_or("");
    if (prediction.kind == Answer::Kind::kNone) {
      verdict.state = VerdictState::kUnparsablePrediction;
    } else if (same_answer(prediction, reference, params_.tolerance)) {
      verdict.state = VerdictState::kOk;
      verdict.score = 1;
    }
    return verdict;
  }

 private:
  MathParams params_;
};

void register_all(Registrar& registrar) {
  registrar.add<Verifier, MathParams>("math", "compares the final answer as a value",
                                      [](const MathParams& params, const CreateContext&) {
                                        return std::make_shared<MathVerifier>(params);
                                      });
}

}  // namespace
}  // namespace kd::math

KD_PLUGIN("math_verifier", "0.1.0", kd::math::register_all)
