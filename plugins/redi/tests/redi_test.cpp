#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <string>

#include "core/probe/objective_probe.h"
#include "kd/token_terms.h"

namespace {

using kd::TensorMap;
using kd::Value;

// [1, T, 2] logits that give the label 0 this log-probability at every position.
at::Tensor logits_for(double logprob, int64_t tokens) {
  const double odds = logprob - std::log1p(-std::exp(logprob));
  const at::Tensor label = at::full({1, tokens}, odds, at::kDouble);
  return at::stack({label, at::zeros({1, tokens}, at::kDouble)}, -1);
}

// One pair whose traces have these sums of log-probabilities, spread evenly.
TensorMap pair_with(double chosen, int64_t chosen_tokens, double rejected,
                    int64_t rejected_tokens) {
  TensorMap out;
  out["chosen.student.logits"] = logits_for(chosen / chosen_tokens, chosen_tokens);
  out["rejected.student.logits"] = logits_for(rejected / rejected_tokens, rejected_tokens);
  out["chosen.labels"] = at::zeros({1, chosen_tokens}, at::kLong);
  out["rejected.labels"] = at::zeros({1, rejected_tokens}, at::kLong);
  return out;
}

// Three random pairs; the first two columns are prompt.
TensorMap random_pairs() {
  at::manual_seed(3);
  TensorMap out;
  for (const std::string side : {"chosen.", "rejected."}) {
    out[side + "student.logits"] = at::randn({3, 9, 5}, at::kDouble);
    at::Tensor labels = at::randint(0, 5, {3, 9}, at::kLong);
    labels.masked_fill_(at::rand({3, 9}).lt(0.2), kd::kIgnoreLabel);
    labels.narrow(1, 0, 2).fill_(kd::kIgnoreLabel);
    out[side + "labels"] = labels;
  }
  return out;
}

class Redi : public ::testing::Test {
 protected:
  TensorMap probe(const TensorMap& inputs, const Value::Map& settings = {},
                  const std::string& name = "redi") {
    return kd::core::probe_objective(registry_, name, settings, inputs);
  }
  double loss(const TensorMap& inputs, const Value::Map& settings = {}) {
    return probe(inputs, settings).at("loss").item<double>();
  }

  kd::core::Registry registry_{{std::filesystem::path(std::getenv("KD_BUILD_DIR")) / "plugins"}};
};

TEST_F(Redi, ClosedFormValue) {
  const TensorMap out = probe(pair_with(-12, 8, -20, 10));
  EXPECT_NEAR(out.at("loss").item<double>(), 1.5 - 0.8 * 2, 1e-12);
  EXPECT_NEAR(out.at("sum.chosen").item<double>(), 1.5, 1e-12);
  EXPECT_NEAR(out.at("sum.rejected").item<double>(), -1.6, 1e-12);
  EXPECT_EQ(out.at("count.chosen").item<double>(), 1.0);
  EXPECT_NEAR(out.at("observed.chosen_logprob").item<double>(), -1.5, 1e-12);
  EXPECT_NEAR(out.at("observed.rejected_logprob").item<double>(), -2.0, 1e-12);
  EXPECT_NEAR(out.at("observed.margin").item<double>(), 0.5, 1e-12);
  EXPECT_EQ(out.at("observed.pair_accuracy").item<double>(), 1.0);
  EXPECT_NEAR(loss(pair_with(-12, 8, -20, 10), {{"chosen_weight", 2.0}, {"alpha", 0.5}}), 2.0,
              1e-12);
}

TEST_F(Redi, WithoutNegativesTheGradientIsSequenceNormalisedFineTuning) {
  const TensorMap inputs = random_pairs();
  const TensorMap out = probe(inputs, {{"alpha", 0.0}});
  const at::Tensor labels = inputs.at("chosen.labels");
  const at::Tensor mask = labels.ne(kd::kIgnoreLabel).unsqueeze(2);
  const at::Tensor onehot =
      at::zeros({3, 9, 5}, at::kDouble).scatter(2, labels.clamp_min(0).unsqueeze(2), 1.0);
  const at::Tensor expected = (at::softmax(inputs.at("chosen.student.logits"), -1) - onehot) *
                              mask / (mask.sum(1, true) * 3);
  EXPECT_LT((out.at("grad.chosen.student.logits") - expected).abs().max().item<double>(), 1e-8);
  EXPECT_EQ(out.at("grad.rejected.student.logits").abs().max().item<double>(), 0.0);
}

TEST_F(Redi, SwappingTheSidesOfTheSymmetricObjectiveFlipsItsSign) {
  const TensorMap inputs = random_pairs();
  TensorMap swapped;
  for (const std::string part : {"student.logits", "labels"}) {
    swapped["chosen." + part] = inputs.at("rejected." + part);
    swapped["rejected." + part] = inputs.at("chosen." + part);
  }
  const Value::Map symmetric = {{"alpha", 1.0}};
  EXPECT_NEAR(loss(inputs, symmetric), -loss(swapped, symmetric), 1e-7);
  EXPECT_GT(std::abs(loss(inputs, symmetric)), 1e-3);
}

TEST_F(Redi, ATraceTwiceAsLongWithTheSameLogprobPerTokenChangesNothing) {
  EXPECT_NEAR(loss(pair_with(-12, 8, -20, 10)), loss(pair_with(-24, 16, -20, 10)), 1e-7);
  EXPECT_NEAR(loss(pair_with(-12, 8, -20, 10)), loss(pair_with(-12, 8, -40, 20)), 1e-7);
}

TEST_F(Redi, SymmetricObjectiveIsTheLimitOfSimpo) {
  const TensorMap inputs = random_pairs();
  const double beta = 1e-4;
  const at::Tensor simpo =
      probe(inputs, {{"beta", beta}, {"gamma", 0.0}}, "simpo").at("grad.rejected.student.logits");
  const at::Tensor redi = probe(inputs, {{"alpha", 1.0}}).at("grad.rejected.student.logits");
  const at::Tensor difference = simpo / (beta / 2) - redi;
  EXPECT_LT(difference.norm().item<double>(), 1e-3 * redi.norm().item<double>());
}

TEST_F(Redi, PromptTokensTakeNoGradient) {
  const TensorMap out = probe(random_pairs());
  for (const std::string name : {"grad.chosen.student.logits", "grad.rejected.student.logits"}) {
    EXPECT_EQ(out.at(name).narrow(1, 0, 2).abs().max().item<double>(), 0.0);
    EXPECT_GT(out.at(name).abs().max().item<double>(), 1e-3);
  }
}

TEST_F(Redi, TheGateShrinksUnlikelyNegatives) {
  const TensorMap pair = pair_with(-12, 8, -20, 10);
  EXPECT_NEAR(loss(pair, {{"gate", 0.5}}), 1.5 - 0.8 * 2 * std::exp(-1.0), 1e-12);
  EXPECT_NEAR(probe(pair, {{"gate", 0.5}}).at("observed.margin").item<double>(), 0.5, 1e-12);
}

TEST_F(Redi, TheGatesGradientIsThatOfItsValue) {
  const Value::Map settings = {{"gate", 0.7}};
  TensorMap inputs = random_pairs();
  const at::Tensor gradient = probe(inputs, settings).at("grad.rejected.student.logits");
  at::Tensor entry = inputs.at("rejected.student.logits")[1][4][2];
  const double step = 1e-5;
  entry.add_(step);
  const double up = loss(inputs, settings);
  entry.sub_(2 * step);
  const double down = loss(inputs, settings);
  EXPECT_NEAR(gradient[1][4][2].item<double>(), (up - down) / (2 * step), 1e-8);
}

}  // namespace
