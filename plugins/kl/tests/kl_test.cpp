#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/probe/objective_probe.h"
#include "kd/token_terms.h"

namespace {

using kd::TensorMap;
using kd::Value;

// Two tokens with q = (.2, .5, .3) and p = (.7, .2, .1); only the first counts.
TensorMap golden_inputs() {
  TensorMap out;
  const auto row = [](const std::vector<double>& p) {
    return at::log(at::tensor(p, at::kDouble)).expand({1, 2, 3}).contiguous();
  };
  out["student.logits"] = row({.2, .5, .3});
  out["teacher.logits"] = row({.7, .2, .1});
  out["labels"] = at::zeros({1, 2}, at::kLong);
  out["labels"][0][1].fill_(kd::kIgnoreLabel);
  return out;
}

class Kl : public ::testing::Test {
 protected:
  void expect_golden(const Value::Map& settings, double loss, const std::vector<double>& gradient) {
    const TensorMap out = kd::core::probe_objective(registry_, "kl", settings, golden_inputs());
    EXPECT_NEAR(out.at("loss").item<double>(), loss, 1e-6);
    const at::Tensor got = out.at("grad.student.logits");
    for (int64_t v = 0; v < 3; ++v) {
      EXPECT_NEAR(got[0][0][v].item<double>(), gradient[static_cast<size_t>(v)], 1e-6);
      EXPECT_EQ(got[0][1][v].item<double>(), 0.0);
    }
  }

  kd::core::Registry registry_{{std::filesystem::path(std::getenv("KD_BUILD_DIR")) / "plugins"}};
};

TEST_F(Kl, PublishedValues) {
  expect_golden({}, .583815, {-.5, .3, .2});
  expect_golden({{"direction", "reverse"}}, .537176, {-.357988, .189557, .168431});
  expect_golden({{"direction", "jsd"}}, .132918, {-.094872, .054721, .040151});
  expect_golden({{"direction", "jsd"}, {"beta", 0.1}}, .050995, {-.041427, .024691, .016736});
  expect_golden({{"direction", "jsd"}, {"beta", 0.9}}, .047864, {-.032122, .017455, .014666});
}

TEST_F(Kl, ClipAndTemperaturePower) {
  expect_golden({{"clip", 0.5}}, .5, {0, 0, 0});
  // At a temperature, the gradient of D/τ⁰ is g/τ; with the power 2 it is τ·g.
  const TensorMap plain = kd::core::probe_objective(
      registry_, "kl", {{"temperature", 3.0}, {"temperature_power", 0.0}}, golden_inputs());
  const TensorMap scaled =
      kd::core::probe_objective(registry_, "kl", {{"temperature", 3.0}}, golden_inputs());
  const at::Tensor ratio =
      scaled.at("grad.student.logits")[0][0] / plain.at("grad.student.logits")[0][0];
  EXPECT_LT((ratio - 9.0).abs().max().item<double>(), 1e-9);
}

}  // namespace
