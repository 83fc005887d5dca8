#include <ATen/TensorOperators.h>
#include <ATen/ops/log.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/probe/objective_probe.h"
#include "kd/token_terms.h"

namespace {

TEST(CrossEntropy, ClosedFormValueAndGradient) {
  kd::core::Registry registry({std::filesystem::path(std::getenv("KD_BUILD_DIR")) / "plugins"});
  kd::TensorMap inputs;
  inputs["student.logits"] = at::log(at::tensor({.2, .5, .3}, at::kDouble)).expand({1, 3, 3});
  inputs["labels"] = at::tensor({0, 2, -100}, at::kLong).unsqueeze(0);
  const kd::TensorMap out = kd::core::probe_objective(registry, "cross_entropy", {}, inputs);
  EXPECT_NEAR(out.at("loss").item<double>(), -(std::log(.2) + std::log(.3)) / 2, 1e-12);
  EXPECT_EQ(out.at("count.cross_entropy").item<double>(), 2.0);
  const at::Tensor expected =
      at::tensor({-.4, .25, .15, .1, .25, -.35, 0., 0., 0.}, at::kDouble).view({1, 3, 3});
  EXPECT_LT((out.at("grad.student.logits") - expected).abs().max().item<double>(), 1e-12);
}

}  // namespace
