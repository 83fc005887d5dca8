// Published values for p = (.7, .2, .1), q = (.2, .5, .3), and entries that are -inf.
#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kd/error.h"
#include "kd/token_terms.h"

namespace kd {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();

struct Outcome {
  double value;
  std::vector<double> gradient;
};

// One row: student and teacher logits, label 0 counted.
Outcome evaluate_row(TokenTerm term, const std::vector<double>& z, const std::vector<double>& a) {
  const auto options = at::TensorOptions(at::kDouble);
  at::Tensor student = at::tensor(z, options).unsqueeze(0).requires_grad_(true);
  if (term.divergence != Divergence::kCrossEntropy) term.teacher = "teacher.logits";
  if (!term.labels.defined()) term.labels = at::full({1, 1}, 0, at::kLong);
  const std::map<std::string, LazyLogits> logits = {
      {"student.logits", LazyLogits::from_dense(student)},
      {"teacher.logits", LazyLogits::from_dense(at::tensor(a, options).unsqueeze(0))}};
  const std::vector<double> factors = {1.0};
  const TokenTermsResult result = evaluate_token_terms({&term, 1}, factors, logits);
  result.loss.backward();
  Outcome out{result.sums[0].item<double>(), {}};
  const double loss = result.loss.item<double>();
  EXPECT_TRUE(loss == out.value || (std::isnan(loss) && std::isnan(out.value)));
  for (int64_t v = 0; v < student.size(1); ++v) {
    out.gradient.push_back(student.grad()[0][v].item<double>());
  }
  return out;
}

std::vector<double> logs(std::vector<double> probabilities) {
  for (double& each : probabilities) each = std::log(each);
  return probabilities;
}

const std::vector<double> kStudent = logs({.2, .5, .3});
const std::vector<double> kTeacher = logs({.7, .2, .1});

void expect_golden(const TokenTerm& term, double value, const std::vector<double>& gradient) {
  const Outcome got = evaluate_row(term, kStudent, kTeacher);
  EXPECT_NEAR(got.value, value, 1e-6);
  for (size_t v = 0; v < gradient.size(); ++v) EXPECT_NEAR(got.gradient[v], gradient[v], 1e-6);
}

TokenTerm divergence(Divergence kind, double beta = 0.5) {
  TokenTerm term;
  term.name = "term";
  term.divergence = kind;
  term.beta = beta;
  return term;
}

TEST(Golden, CrossEntropy) {
  expect_golden(divergence(Divergence::kCrossEntropy), -std::log(.2), {-.8, .5, .3});
}

TEST(Golden, ForwardKl) {
  expect_golden(divergence(Divergence::kForwardKl), .583815, {-.5, .3, .2});
}

TEST(Golden, ReverseKl) {
  expect_golden(divergence(Divergence::kReverseKl), .537176, {-.357988, .189557, .168431});
}

TEST(Golden, Jsd) {
  expect_golden(divergence(Divergence::kJsd, .1), .050995, {-.041427, .024691, .016736});
  expect_golden(divergence(Divergence::kJsd, .5), .132918, {-.094872, .054721, .040151});
  expect_golden(divergence(Divergence::kJsd, .9), .047864, {-.032122, .017455, .014666});
}

TEST(Golden, JsdLimitsAreForwardAndReverseKl) {
  expect_golden(divergence(Divergence::kJsd, 0), .583815, {-.5, .3, .2});
  expect_golden(divergence(Divergence::kJsd, 1), .537176, {-.357988, .189557, .168431});
}

TEST(Golden, ClippedTokenKeepsItsValueAndLosesItsGradient) {
  TokenTerm term = divergence(Divergence::kForwardKl);
  term.clip = 0.5;
  const Outcome clipped = evaluate_row(term, kStudent, kTeacher);
  EXPECT_DOUBLE_EQ(clipped.value, 0.5);
  for (double each : clipped.gradient) EXPECT_EQ(each, 0.0);
  term.clip = 0.6;
  expect_golden(term, .583815, {-.5, .3, .2});
}

TEST(MinusInfinity, ForwardKlIsInfiniteWhereTheStudentRulesOutWhatTheTeacherHas) {
  const TokenTerm term = divergence(Divergence::kForwardKl);
  EXPECT_TRUE(std::isinf(evaluate_row(term, {0, 0, -kInf}, kTeacher).value));
  // Masked on both sides, or on the teacher's alone: 0·log 0 is 0.
  const Outcome both = evaluate_row(term, {0, 0, -kInf}, {1, 0, -kInf});
  const Outcome two = evaluate_row(term, {0, 0}, {1, 0});
  EXPECT_NEAR(both.value, two.value, 1e-12);
  EXPECT_NEAR(both.gradient[0], two.gradient[0], 1e-12);
  EXPECT_EQ(both.gradient[2], 0.0);
  EXPECT_NEAR(evaluate_row(term, {0, 0, 0}, {0, 0, -kInf}).value, std::log(1.5), 1e-12);
}

TEST(MinusInfinity, ReverseKlAndJsdLeaveSuchEntriesOut) {
  for (double beta : {1.0, .5, .3}) {
    const TokenTerm term = divergence(Divergence::kJsd, beta);
    const Outcome both = evaluate_row(term, {0, .5, -kInf}, {1, 0, -kInf});
    const Outcome two = evaluate_row(term, {0, .5}, {1, 0});
    EXPECT_NEAR(both.value, two.value, 1e-12) << beta;
    EXPECT_NEAR(both.gradient[1], two.gradient[1], 1e-12) << beta;
    EXPECT_EQ(both.gradient[2], 0.0) << beta;
  }
  // The teacher alone rules entry 2 out: Σ over the others of q·log(q/p).
  const Outcome one = evaluate_row(divergence(Divergence::kReverseKl), {0, 0, 0}, {0, 0, -kInf});
  EXPECT_NEAR(one.value, 2.0 / 3 * std::log(2.0 / 3), 1e-12);
}

TEST(MinusInfinity, GradientIsThatOfTheValueAlsoWhereOneSideIsOut) {
  const double step = 1e-6;
  for (double beta : {0.0, 1.0, .4}) {
    const TokenTerm term = divergence(Divergence::kJsd, beta);
    const std::vector<double> a = {.3, -.2, -kInf};
    const std::vector<double> z = {.1, .7, -.4};
    const Outcome at_z = evaluate_row(term, z, a);
    for (size_t v = 0; v < z.size(); ++v) {
      std::vector<double> up = z;
      std::vector<double> down = z;
      up[v] += step;
      down[v] -= step;
      const double slope =
          (evaluate_row(term, up, a).value - evaluate_row(term, down, a).value) / (2 * step);
      EXPECT_NEAR(at_z.gradient[v], slope, 1e-8) << "beta " << beta << ", entry " << v;
    }
  }
}

TEST(MinusInfinity, NanIsNotHidden) {
  for (double beta : {0.0, 1.0, .5}) {
    const TokenTerm term = divergence(Divergence::kJsd, beta);
    EXPECT_TRUE(std::isnan(evaluate_row(term, {NAN, 0, 0}, kTeacher).value));
    EXPECT_TRUE(std::isnan(evaluate_row(term, kStudent, {0, NAN, 0}).value));
  }
}

}  // namespace
}  // namespace kd
