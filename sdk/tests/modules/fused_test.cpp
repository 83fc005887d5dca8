// The fused fp32 operations against the same in LibTorch's operators, which fp64 inputs take.
#include "sdk/src/layers/fused.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/isnan.h>
#include <ATen/ops/linspace.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <vector>

#include "kd/error.h"
#include "kd/random.h"
#include "kd/random_tensors.h"

namespace kd {
namespace {

at::Tensor normal(at::IntArrayRef shape, uint64_t seed) {
  RandomStream random({.run_seed = seed, .stage = "test"});
  at::Tensor out = at::empty(shape, at::kDouble);
  fill_normal(out, random);
  return out;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  return (a.to(at::kDouble) - b.to(at::kDouble)).abs().max().item<double>();
}

using Function = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

// Value and gradients in fp32 against fp64, for inputs as they are and for every other row of
// twice as many.
void expect_same(const Function& function, const std::vector<at::Tensor>& inputs) {
  std::vector<at::Tensor> exact;
  std::vector<at::Tensor> fused;
  for (const at::Tensor& input : inputs) {
    exact.push_back(input.detach().clone().set_requires_grad(true));
    fused.push_back(input.to(at::kFloat).set_requires_grad(true));
  }
  const at::Tensor wanted = function(exact);
  const at::Tensor actual = function(fused);
  ASSERT_EQ(actual.scalar_type(), at::kFloat);
  EXPECT_LT(distance(actual, wanted), 1e-5);
  const at::Tensor weights = normal(wanted.sizes(), 99);
  (wanted * weights).sum().backward();
  (actual * weights.to(at::kFloat)).sum().backward();
  for (size_t i = 0; i < inputs.size(); ++i) {
    const double scale = std::max(1.0, exact[i].grad().abs().max().item<double>());
    EXPECT_LT(distance(fused[i].grad(), exact[i].grad()), 2e-5 * scale) << "input " << i;
  }
}

TEST(Fused, RmsNorm) {
  for (const int64_t width : {1, 13, 96}) {
    expect_same([](const auto& in) { return rms_norm(in[0], in[1], 1e-5); },
                {normal({3, 211, width}, 1), normal({width}, 2)});
    expect_same([](const auto& in) { return rms_norm(in[0].narrow(1, 2, 3), in[1], 1e-5); },
                {normal({4, 7, width}, 3), normal({width}, 4)});
  }
}

TEST(Fused, Swiglu) {
  for (const int64_t width : {1, 13, 256}) {
    expect_same([](const auto& in) { return swiglu(in[0], in[1]); },
                {normal({5, 9, width}, 1) * 5, normal({5, 9, width}, 2)});
    expect_same(
        [width](const auto& in) {
          return swiglu(in[0].narrow(-1, 0, width), in[0].narrow(-1, width, width));
        },
        {normal({5, 9, 2 * width}, 3)});
  }
}

TEST(Fused, SwigluOfLargeNumbers) {
  const at::Tensor gate = at::linspace(-200, 200, 4001);
  const at::Tensor wanted = swiglu(gate.to(at::kDouble), at::full({4001}, 1.0, at::kDouble));
  const at::Tensor actual = swiglu(gate, at::ones_like(gate));
  EXPECT_LT(((actual - wanted).abs() / wanted.abs().clamp_min(1.0)).max().item<double>(), 1e-6);
  const at::Tensor bad = at::full({3}, std::nan(""));
  EXPECT_TRUE(swiglu(bad, at::ones_like(bad)).isnan().all().item<bool>());
}

TEST(Fused, Rotate) {
  const at::Tensor angles = normal({6, 1, 4}, 5);
  for (const bool by_row : {false, true}) {
    const at::Tensor turns = by_row ? normal({3, 6, 1, 4}, 6) : angles;
    const at::Tensor cos = at::cat({turns.cos(), turns.cos()}, -1);
    const at::Tensor sin = at::cat({-turns.sin(), turns.sin()}, -1);
    const Function whole = [&](const auto& in) {
      return rotate(in[0], cos.to(in[0].scalar_type()), sin.to(in[0].scalar_type()));
    };
    expect_same(whole, {normal({3, 6, 5, 8}, 7)});
    expect_same([&](const auto& in) { return whole({in[0].narrow(2, 1, 3)}); },
                {normal({3, 6, 5, 8}, 8)});
  }
}

TEST(Fused, OneQueryAttends) {
  for (const int64_t kv : {1, 2, 4}) {
    const at::Tensor q = normal({3, 4, 1, 8}, 1);
    const at::Tensor k = normal({3, kv, 9, 8}, 2).narrow(2, 0, 7);
    const at::Tensor v = normal({3, kv, 9, 8}, 3).narrow(2, 0, 7);
    const at::Tensor hidden = normal({3, 1, 1, 7}, 4);
    for (const at::Tensor& bias : {at::Tensor(), hidden}) {
      const auto attend = [&](at::ScalarType type) {
        return attend_with_one_query(q.to(type), k.to(type), v.to(type), 0.3,
                                     bias.defined() ? bias.to(type) : bias);
      };
      EXPECT_LT(distance(attend(at::kFloat), attend(at::kDouble)), 1e-5) << kv;
    }
  }
}

TEST(Fused, HasNoSecondDerivative) {
  const at::Tensor x = normal({2, 4}, 1).to(at::kFloat).set_requires_grad(true);
  const at::Tensor loss = swiglu(x, x).sum();
  EXPECT_THROW(loss.backward({}, true, true), Error);
}

}  // namespace
}  // namespace kd
