#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "core/probe/objective_probe.h"
#include "kd/error.h"
#include "kd/token_terms.h"

namespace {

using kd::TensorMap;
using kd::Value;

// [1, T, 2] logits that give the label 0 this log-probability in all.
at::Tensor logits_for(double sum, int64_t tokens) {
  const double logprob = sum / static_cast<double>(tokens);
  const double odds = logprob - std::log1p(-std::exp(logprob));
  const at::Tensor label = at::full({1, tokens}, odds, at::kDouble);
  return at::stack({label, at::zeros({1, tokens}, at::kDouble)}, -1);
}

TensorMap one_pair(double chosen, int64_t chosen_tokens, double rejected, int64_t rejected_tokens) {
  TensorMap out;
  out["chosen.student.logits"] = logits_for(chosen, chosen_tokens);
  out["rejected.student.logits"] = logits_for(rejected, rejected_tokens);
  out["chosen.labels"] = at::zeros({1, chosen_tokens}, at::kLong);
  out["rejected.labels"] = at::zeros({1, rejected_tokens}, at::kLong);
  return out;
}

class Preference : public ::testing::Test {
 protected:
  TensorMap probe(const std::string& name, const Value::Map& settings, const TensorMap& inputs) {
    return kd::core::probe_objective(registry_, name, settings, inputs);
  }

  // d loss / d (log-probability of the label) at one token, from the gradient of its logits:
  // c·(1 - q[label]).
  static double coefficient(const TensorMap& out, const std::string& side, double logprob) {
    return out.at("grad." + side + ".student.logits")[0][0][0].item<double>() /
           (1 - std::exp(logprob));
  }

  kd::core::Registry registry_{{std::filesystem::path(std::getenv("KD_BUILD_DIR")) / "plugins"}};
};

TEST_F(Preference, DpoClosedFormValueAndCoefficients) {
  TensorMap inputs = one_pair(-10, 4, -14, 7);
  inputs["chosen.reference.logits"] = logits_for(-11, 4);
  inputs["rejected.reference.logits"] = logits_for(-12, 7);
  const TensorMap out = probe("dpo", {{"beta", 0.1}}, inputs);
  EXPECT_NEAR(out.at("loss").item<double>(), .554355, 1e-6);
  const double sigma = 1 / (1 + std::exp(0.3));  // σ(-h), h = .1·((-10+11) - (-14+12))
  EXPECT_NEAR(coefficient(out, "chosen", -2.5), -0.1 * sigma, 1e-9);
  EXPECT_NEAR(coefficient(out, "rejected", -2), 0.1 * sigma, 1e-9);
  EXPECT_NEAR(out.at("observed.margin").item<double>(), 0.3, 1e-9);
  EXPECT_NEAR(out.at("observed.chosen_logprob").item<double>(), -2.5, 1e-9);
  EXPECT_EQ(out.count("grad.chosen.reference.logits"), 0u);
}

TEST_F(Preference, SimpoClosedFormValueAndCoefficients) {
  const TensorMap out = probe("simpo", {}, one_pair(-8, 4, -14, 7));
  EXPECT_NEAR(out.at("loss").item<double>(), 1.313262, 1e-6);
  const double sigma = 1 / (1 + std::exp(-1.0));  // h = -γ
  EXPECT_NEAR(coefficient(out, "chosen", -2), -2 * sigma / 4, 1e-9);
  EXPECT_NEAR(coefficient(out, "rejected", -2), 2 * sigma / 7, 1e-9);
  EXPECT_EQ(out.at("observed.pair_accuracy").item<double>(), 0.0);
}

TEST_F(Preference, TheLossIsTheMeanOverPairs) {
  const TensorMap first = one_pair(-3, 4, -8, 4);
  const TensorMap second = one_pair(-6, 4, -5, 4);
  TensorMap both;
  for (const auto& [name, tensor] : first) both[name] = at::cat({tensor, second.at(name)});
  const auto loss = [&](const TensorMap& inputs) {
    return probe("simpo", {}, inputs).at("loss").item<double>();
  };
  EXPECT_NEAR(loss(both), (loss(first) + loss(second)) / 2, 1e-9);
  EXPECT_EQ(probe("simpo", {}, both).at("observed.pair_accuracy").item<double>(), 0.5);
}

TEST_F(Preference, IgnoredPositionsCountNeitherInSumsNorLengths) {
  const TensorMap plain = one_pair(-3, 4, -8, 4);
  TensorMap padded = plain;
  padded["chosen.student.logits"] =
      at::cat({logits_for(-20, 2), plain.at("chosen.student.logits")}, 1);
  padded["chosen.labels"] =
      at::cat({at::full({1, 2}, kd::kIgnoreLabel, at::kLong), plain.at("chosen.labels")}, 1);
  EXPECT_NEAR(probe("simpo", {}, padded).at("loss").item<double>(),
              probe("simpo", {}, plain).at("loss").item<double>(), 1e-12);
}

TEST_F(Preference, AMissingSideIsNamed) {
  TensorMap inputs = one_pair(-3, 4, -8, 4);
  inputs.erase("rejected.labels");
  EXPECT_THROW(probe("simpo", {}, inputs), kd::Error);
  EXPECT_THROW(probe("dpo", {}, one_pair(-3, 4, -8, 4)), kd::Error);  // no reference
}

}  // namespace
