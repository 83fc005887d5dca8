// Values and gradients against the definitions, over shapes, masks, chunkings and head options.
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/full.h>
#include <ATen/ops/rand.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/zeros_like.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "kd/error.h"
#include "kd/token_terms.h"
#include "sdk/tests/token_terms/dense_reference.h"

namespace kd {
namespace {

constexpr int64_t kBatch = 3;
constexpr int64_t kTime = 9;
constexpr int64_t kRows = kBatch * kTime;
constexpr int64_t kHidden = 6;
constexpr int64_t kVocabulary = 13;

const std::vector<TokenTerm>& all_terms() {
  static const std::vector<TokenTerm> terms = [] {
    std::vector<TokenTerm> out(6);
    const auto set = [&](size_t k, const char* name, Divergence kind, double temperature) {
      out[k].name = name;
      out[k].divergence = kind;
      out[k].temperature = temperature;
      if (kind != Divergence::kCrossEntropy) out[k].teacher = "teacher.logits";
    };
    set(0, "ce", Divergence::kCrossEntropy, 1);
    set(1, "fkl", Divergence::kForwardKl, 2);
    set(2, "rkl", Divergence::kReverseKl, 1);
    set(3, "jsd", Divergence::kJsd, 0.7);
    set(4, "clipped", Divergence::kForwardKl, 1);
    set(5, "warm_ce", Divergence::kCrossEntropy, 2);
    out[1].temperature_power = 2;
    out[3].beta = 0.3;
    out[4].clip = 3;  // cuts about half of the rows
    return out;
  }();
  return terms;
}

// Everything a case needs, in fp64; labels leave about a third of the rows out.
struct Case {
  at::Tensor hidden = at::randn({kRows, kHidden}, at::kDouble);
  at::Tensor head = at::randn({kVocabulary, kHidden}, at::kDouble);
  at::Tensor bias = at::randn({kVocabulary}, at::kDouble);
  at::Tensor teacher = at::randn({kRows, kVocabulary}, at::kDouble);
  at::Tensor labels = at::randint(0, kVocabulary, {kBatch, kTime}, at::kLong);
  at::Tensor weight = at::rand({kBatch, kTime}, at::kDouble) + 0.5;
  double scale = 1.0;
  double soft_cap = 0;

  Case() { labels.masked_fill_(at::rand({kBatch, kTime}).lt(0.3), kIgnoreLabel); }

  LazyLogits lazy(at::ScalarType type, std::vector<at::Tensor>& leaves) const {
    LazyLogits out;
    out.scale = scale;
    out.soft_cap = soft_cap;
    for (const at::Tensor& each : {hidden, head, bias}) {
      leaves.push_back(each.to(type, false, true).requires_grad_(true));
    }
    out.hidden = leaves[0];
    out.head = leaves[1];
    out.bias = leaves[2];
    return out;
  }
};

struct Evaluation {
  std::vector<double> sums;
  std::vector<at::Tensor> gradients;  // hidden, head, bias (or dense)
};

Evaluation run(const std::vector<TokenTerm>& terms, const Case& data, at::ScalarType type,
               int64_t rows_per_chunk) {
  Evaluation out;
  std::vector<at::Tensor> leaves;
  const std::map<std::string, LazyLogits> logits = {
      {"student.logits", data.lazy(type, leaves)},
      {"teacher.logits", LazyLogits::from_dense(data.teacher.to(type))}};
  std::vector<double> factors;
  for (size_t k = 0; k < terms.size(); ++k) factors.push_back(0.3 + 0.2 * static_cast<double>(k));
  TokenTermsOptions options;
  options.rows_per_chunk = rows_per_chunk;
  const TokenTermsResult result = evaluate_token_terms(terms, factors, logits, options);
  result.loss.backward();
  for (size_t k = 0; k < terms.size(); ++k) {
    out.sums.push_back(result.sums[static_cast<int64_t>(k)].item<double>());
  }
  for (const at::Tensor& leaf : leaves) out.gradients.push_back(leaf.grad());
  return out;
}

// The same by definition, in fp64, through autograd.
Evaluation reference(const std::vector<TokenTerm>& terms, const Case& data) {
  Evaluation out;
  std::vector<at::Tensor> leaves;
  const at::Tensor z = data.lazy(at::kDouble, leaves).materialise();
  at::Tensor loss;
  for (size_t k = 0; k < terms.size(); ++k) {
    const at::Tensor sum = testing::sum_of(terms[k], z, data.teacher);
    const at::Tensor part = sum * (0.3 + 0.2 * static_cast<double>(k));
    loss = loss.defined() ? loss + part : part;
    out.sums.push_back(sum.item<double>());
  }
  loss.backward();
  for (const at::Tensor& leaf : leaves) out.gradients.push_back(leaf.grad());
  return out;
}

double relative_error(const at::Tensor& got, const at::Tensor& expected) {
  return (got.to(at::kDouble) - expected).norm().item<double>() / expected.norm().item<double>();
}

void expect_equal(const Evaluation& got, const Evaluation& expected, double tolerance) {
  for (size_t k = 0; k < expected.sums.size(); ++k) {
    EXPECT_NEAR(got.sums[k], expected.sums[k], tolerance * std::abs(expected.sums[k]) + 1e-12);
  }
  ASSERT_EQ(got.gradients.size(), expected.gradients.size());
  for (size_t k = 0; k < expected.gradients.size(); ++k) {
    EXPECT_LT(relative_error(got.gradients[k], expected.gradients[k]), tolerance) << "input " << k;
  }
}

std::vector<TokenTerm> terms_for(const Case& data, std::vector<TokenTerm> terms) {
  for (TokenTerm& term : terms) {
    term.labels = data.labels;
    term.weight = data.weight;
  }
  return terms;
}

TEST(TokenTerms, EachEqualsItsDefinition) {
  at::manual_seed(1);
  for (const TokenTerm& term : all_terms()) {
    SCOPED_TRACE(term.name);
    const Case data;
    const auto terms = terms_for(data, {term});
    const Evaluation expected = reference(terms, data);
    expect_equal(run(terms, data, at::kDouble, 0), expected, 1e-12);
    expect_equal(run(terms, data, at::kFloat, 7), expected, 1e-5);
  }
}

TEST(TokenTerms, TogetherThroughScaleAndSoftCapInAnyChunking) {
  at::manual_seed(2);
  Case data;
  data.scale = 0.8;
  data.soft_cap = 2.5;
  const auto terms = terms_for(data, all_terms());
  const Evaluation expected = reference(terms, data);
  for (const int64_t rows : {1, 7, 1000}) {
    SCOPED_TRACE(rows);
    expect_equal(run(terms, data, at::kDouble, rows), expected, 1e-12);
    expect_equal(run(terms, data, at::kFloat, rows), expected, 1e-5);
  }
}

TEST(TokenTerms, HalfPrecisionMatricesAccumulateInSinglePrecision) {
  at::manual_seed(3);
  const Case data;
  const auto terms = terms_for(data, all_terms());
  expect_equal(run(terms, data, at::kBFloat16, 8), reference(terms, data), 2e-2);
  expect_equal(run(terms, data, at::kHalf, 8), reference(terms, data), 2e-2);
}

TEST(TokenTerms, MasksMayDifferBetweenTerms) {
  at::manual_seed(4);
  const Case data;
  auto terms = terms_for(data, {all_terms()[0], all_terms()[1]});
  terms[1].labels = at::randint(0, kVocabulary, {kBatch, kTime}, at::kLong);
  terms[1].labels.masked_fill_(at::rand({kBatch, kTime}).lt(0.5), kIgnoreLabel);
  expect_equal(run(terms, data, at::kDouble, 5), reference(terms, data), 1e-12);
}

// Dense logits as the leaf: [B, T, V].
at::Tensor dense_gradient(const TokenTerm& term, const at::Tensor& z, const at::Tensor& teacher,
                          double* value = nullptr) {
  at::Tensor leaf = z.detach().clone().requires_grad_(true);
  const std::map<std::string, LazyLogits> logits = {
      {"student.logits", LazyLogits::from_dense(leaf)},
      {"teacher.logits", LazyLogits::from_dense(teacher)}};
  const std::vector<double> factors = {1.0};
  const TokenTermsResult result = evaluate_token_terms({&term, 1}, factors, logits);
  result.loss.backward();
  if (value != nullptr) *value = result.sums[0].item<double>();
  return leaf.grad();
}

TEST(TokenTerms, RowsOfADenseGradientSumToZeroAndMaskedRowsAreZero) {
  at::manual_seed(5);
  const Case data;
  const at::Tensor z = at::randn({kBatch, kTime, kVocabulary}, at::kDouble);
  for (const TokenTerm& term : terms_for(data, all_terms())) {
    SCOPED_TRACE(term.name);
    const at::Tensor gradient = dense_gradient(term, z, data.teacher);
    EXPECT_LT(gradient.sum(-1).abs().max().item<double>(), 1e-14);
    const at::Tensor masked = gradient.index({data.labels.eq(kIgnoreLabel)});
    EXPECT_EQ(masked.abs().max().item<double>(), 0.0);
    EXPECT_GT(gradient.abs().max().item<double>(), 1e-3);
  }
}

TEST(TokenTerms, NanInMaskedRowsGoesNowhere) {
  at::manual_seed(6);
  const Case data;
  at::Tensor z = at::randn({kBatch, kTime, kVocabulary});
  const at::Tensor ignored = data.labels.eq(kIgnoreLabel).unsqueeze(-1);
  const at::Tensor spoiled = z.masked_fill(ignored, NAN);
  const TokenTerm term = terms_for(data, {all_terms()[1]})[0];
  double clean_value = 0;
  double spoiled_value = 0;
  const at::Tensor teacher = data.teacher.to(at::kFloat);
  const at::Tensor clean = dense_gradient(term, z, teacher, &clean_value);
  const at::Tensor got = dense_gradient(
      term, spoiled, teacher.masked_fill(ignored.reshape({kRows, 1}), NAN), &spoiled_value);
  EXPECT_EQ(clean_value, spoiled_value);
  EXPECT_TRUE(got.equal(clean));
}

TEST(TokenTerms, AConstantAddedToAllLogitsChangesNothing) {
  at::manual_seed(7);
  const Case data;
  const at::Tensor z = at::randn({kBatch, kTime, kVocabulary}, at::kDouble);
  for (const TokenTerm& term : terms_for(data, all_terms())) {
    double here = 0;
    double shifted = 0;
    const at::Tensor a = dense_gradient(term, z, data.teacher, &here);
    const at::Tensor b = dense_gradient(term, z + 50.0, data.teacher - 20.0, &shifted);
    EXPECT_NEAR(here, shifted, 1e-9) << term.name;
    EXPECT_LT((a - b).abs().max().item<double>(), 1e-12) << term.name;
  }
}

TEST(TokenTerms, EqualModelsGiveZeroAndNeverBelowRounding) {
  at::manual_seed(8);
  const Case data;
  const at::Tensor z = at::randn({kBatch, kTime, kVocabulary}) * 10;
  for (size_t k : {size_t{1}, size_t{2}, size_t{3}}) {
    const TokenTerm term = terms_for(data, {all_terms()[k]})[0];
    double value = 0;
    const at::Tensor gradient = dense_gradient(term, z, z.flatten(0, 1), &value);
    EXPECT_NEAR(value, 0, 1e-5) << term.name;
    EXPECT_LT(gradient.abs().max().item<double>(), 1e-6) << term.name;
  }
}

TEST(TokenTerms, WeightsMayBePerSequence) {
  at::manual_seed(9);
  const Case data;
  TokenTerm term = terms_for(data, {all_terms()[0]})[0];
  term.weight = at::rand({kBatch, 1}, at::kDouble);
  expect_equal(run({term}, data, at::kDouble, 0), reference({term}, data), 1e-12);
}

TEST(TokenTerms, PerTokenValuesAreTheDivergencesAndZeroWhereMasked) {
  at::manual_seed(10);
  const Case data;
  const at::Tensor z = at::randn({kRows, kVocabulary}, at::kDouble);
  const auto terms = terms_for(data, {all_terms()[2]});
  TokenTermsOptions options;
  options.per_token = true;
  const std::vector<double> factors = {1.0};
  const at::Tensor got =
      evaluate_token_terms(terms, factors,
                           {{"student.logits", LazyLogits::from_dense(z)},
                            {"teacher.logits", LazyLogits::from_dense(data.teacher)}},
                           options)
          .per_token[0];
  const at::Tensor labels = data.labels.flatten();
  const at::Tensor expected =
      testing::divergence(terms[0], z, data.teacher, labels) * labels.ne(kIgnoreLabel);
  EXPECT_LT((got - expected).abs().max().item<double>(), 1e-12);
}

TEST(TokenTerms, TwoStudentsSharingAHeadAddTheirGradients) {
  at::manual_seed(11);
  const Case first;
  const Case second;
  const at::Tensor head = first.head.clone().requires_grad_(true);
  const auto lazy = [&](const at::Tensor& hidden) {
    LazyLogits out;
    out.hidden = hidden;
    out.head = head;
    return out;
  };
  const std::map<std::string, LazyLogits> logits = {
      {"chosen.student.logits", lazy(first.hidden)},
      {"rejected.student.logits", lazy(second.hidden)}};
  std::vector<TokenTerm> terms(2, all_terms()[0]);
  terms[0].student = "chosen.student.logits";
  terms[1].student = "rejected.student.logits";
  terms[0].labels = first.labels;
  terms[1].labels = second.labels;
  const std::vector<double> factors = {1.0, -0.8};
  evaluate_token_terms(terms, factors, logits).loss.backward();
  const at::Tensor other = first.head.clone().requires_grad_(true);
  (testing::sum_of(terms[0], first.hidden.matmul(other.t()), {}) -
   testing::sum_of(terms[1], second.hidden.matmul(other.t()), {}) * 0.8)
      .backward();
  EXPECT_LT(relative_error(head.grad(), other.grad()), 1e-12);
}

TEST(TokenTerms, TheIncomingGradientScales) {
  at::manual_seed(12);
  const Case data;
  const auto terms = terms_for(data, {all_terms()[0]});
  const std::vector<double> factors = {1.0};
  std::vector<at::Tensor> once;
  std::vector<at::Tensor> scaled;
  evaluate_token_terms(terms, factors, {{"student.logits", data.lazy(at::kDouble, once)}})
      .loss.backward();
  const at::Tensor loss =
      evaluate_token_terms(terms, factors, {{"student.logits", data.lazy(at::kDouble, scaled)}})
          .loss;
  (loss * 3.0).backward();
  EXPECT_LT((scaled[1].grad() - once[1].grad() * 3).abs().max().item<double>(), 1e-12);
}

TEST(TokenTerms, WithoutGradientModeThereIsNoGraph) {
  const Case data;
  std::vector<at::Tensor> leaves;
  const std::map<std::string, LazyLogits> logits = {
      {"student.logits", data.lazy(at::kDouble, leaves)}};
  const auto terms = terms_for(data, {all_terms()[0]});
  const std::vector<double> factors = {1.0};
  const at::NoGradGuard no_grad;
  EXPECT_FALSE(evaluate_token_terms(terms, factors, logits).loss.requires_grad());
}

TEST(TokenTerms, NothingCountedIsZeroWithZeroGradient) {
  Case data;
  data.labels = at::full({kBatch, kTime}, kIgnoreLabel, at::kLong);
  const Evaluation got = run(terms_for(data, all_terms()), data, at::kFloat, 0);
  for (double sum : got.sums) EXPECT_EQ(sum, 0.0);
  for (const at::Tensor& each : got.gradients) EXPECT_EQ(each.abs().max().item<double>(), 0.0);
}

void expect_error(const TokenTerm& term, const std::map<std::string, LazyLogits>& logits,
                  const std::string& part) {
  const std::vector<double> factors = {1.0};
  try {
    evaluate_token_terms({&term, 1}, factors, logits);
    ADD_FAILURE() << "no error that says: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(TokenTerms, BadInputIsNamed) {
  const Case data;
  const TokenTerm kl = terms_for(data, {all_terms()[1]})[0];
  const LazyLogits good = LazyLogits::from_dense(at::randn({kRows, kVocabulary}));
  const LazyLogits wide = LazyLogits::from_dense(at::randn({kRows, kVocabulary + 1}));
  const LazyLogits tall = LazyLogits::from_dense(at::randn({kRows + 1, kVocabulary}));
  expect_error(kl, {{"student.logits", good}}, "no logits 'teacher.logits'");
  expect_error(kl, {{"student.logits", good}, {"teacher.logits", wide}}, "unequal vocabularies");
  expect_error(kl, {{"student.logits", good}, {"teacher.logits", tall}}, "unequal rows");
  TokenTerm term = kl;
  const std::map<std::string, LazyLogits> both = {{"student.logits", good},
                                                  {"teacher.logits", good}};
  term.labels = at::full({kBatch, kTime}, kVocabulary, at::kLong);
  expect_error(term, both, "label 13 is outside the vocabulary");
  term.labels = at::full({kBatch, kTime}, -1, at::kLong);
  expect_error(term, both, "label -1 is outside the vocabulary");
  term.labels = at::full({kBatch, kTime + 1}, 1, at::kLong);
  expect_error(term, both, "labels: expected int64");
  term = kl;
  term.temperature = 0;
  expect_error(term, both, "temperature must be above 0");
  term = kl;
  term.weight = at::randn({kBatch + 1, 1});
  expect_error(term, both, "weight: expected floating");
}

}  // namespace
}  // namespace kd
