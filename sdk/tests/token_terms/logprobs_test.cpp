#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include "kd/error.h"
#include "kd/token_terms.h"

namespace kd {
namespace {

LazyLogits lazy_of(const at::Tensor& hidden, const at::Tensor& head) {
  LazyLogits out;
  out.hidden = hidden;
  out.head = head;
  out.soft_cap = 3;
  return out;
}

TEST(TokenLogprobs, ValueAndGradientEqualLogSoftmax) {
  at::manual_seed(1);
  at::Tensor hidden = at::randn({700, 5}, at::kDouble).requires_grad_(true);
  at::Tensor head = at::randn({11, 5}, at::kDouble).requires_grad_(true);
  at::Tensor labels = at::randint(0, 11, {700}, at::kLong);
  labels.masked_fill_(at::rand({700}).lt(0.4), kIgnoreLabel);
  const at::Tensor weight = at::randn({700}, at::kDouble);

  const at::Tensor got = token_logprobs(lazy_of(hidden, head), labels);
  (got * weight).sum().backward();
  const at::Tensor hidden_gradient = hidden.grad().clone();
  const at::Tensor head_gradient = head.grad().clone();
  hidden.mutable_grad().reset();
  head.mutable_grad().reset();

  const at::Tensor mask = labels.ne(kIgnoreLabel);
  const at::Tensor expected = at::log_softmax(lazy_of(hidden, head).materialise(), -1)
                                  .gather(1, labels.clamp_min(0).unsqueeze(1))
                                  .squeeze(1) *
                              mask;
  (expected * weight).sum().backward();
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-12);
  EXPECT_LT((hidden_gradient - hidden.grad()).abs().max().item<double>(), 1e-12);
  EXPECT_LT((head_gradient - head.grad()).abs().max().item<double>(), 1e-11);
  EXPECT_EQ(got.masked_select(mask.logical_not()).abs().max().item<double>(), 0.0);
}

TEST(TokenLogprobs, DenseLogitsTakeTheirGradientInTheirShape) {
  at::Tensor logits = at::randn({2, 3, 4}).requires_grad_(true);
  const at::Tensor labels = at::randint(0, 4, {6}, at::kLong);
  token_logprobs(LazyLogits::from_dense(logits), labels).sum().backward();
  EXPECT_EQ(logits.grad().sizes(), logits.sizes());
  EXPECT_LT(logits.grad().sum(-1).abs().max().item<float>(), 1e-6);
}

TEST(TokenLogprobs, LabelsOutsideTheVocabularyAreNamed) {
  const LazyLogits logits = LazyLogits::from_dense(at::randn({2, 4}));
  EXPECT_THROW(token_logprobs(logits, at::full({2}, 4, at::kLong)), Error);
  EXPECT_THROW(token_logprobs(logits, at::full({3}, 1, at::kLong)), Error);
}

}  // namespace
}  // namespace kd
