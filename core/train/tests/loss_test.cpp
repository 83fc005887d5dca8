#include "core/train/loss.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <ATen/ops/square.h>
#include <gtest/gtest.h>

#include "kd/error.h"

namespace kd::core {
namespace {

constexpr int64_t kVocabulary = 6;

// A token term of any kind under any name, and the name again as an observation.
class TokenObjective : public Objective {
 public:
  TokenObjective(std::string name, Divergence divergence)
      : name_(std::move(name)), divergence_(divergence) {}

  std::vector<std::string> wants() const override { return {"student.logits"}; }
  std::vector<TermInfo> term_info() const override { return {{name_, Unit::kToken}}; }
  std::vector<TokenTerm> terms(ObjectiveContext& context) override {
    TokenTerm term;
    term.name = name_;
    term.divergence = divergence_;
    term.labels = context.column("labels");
    if (divergence_ != Divergence::kCrossEntropy) term.teacher = "teacher.logits";
    return {term};
  }
  void inspect(ObjectiveContext& context, const std::vector<at::Tensor>& divergences) override {
    context.observe("mean", divergences.at(0).sum(), 1);
  }

 private:
  std::string name_;
  Divergence divergence_;
};

// Mean square of the materialised logits, counted in samples.
class SquareObjective : public Objective {
 public:
  std::vector<std::string> wants() const override { return {"student.logits"}; }
  std::vector<TermInfo> term_info() const override { return {{"square", Unit::kSample}}; }
  std::vector<Sum> compute(ObjectiveContext& context) override {
    return {{sum_name, at::square(context.output("student.logits")).sum()}};
  }
  std::string sum_name = "square";
};

WeightedObjective token(const std::string& name, Divergence divergence, double coefficient) {
  return {name, std::make_shared<TokenObjective>(name, divergence), coefficient};
}

struct Batch {
  TensorMap columns;
  std::map<std::string, LazyLogits> logits;
  at::Tensor student;

  // [rows, 4] tokens, of which the last column of the first row is not counted.
  explicit Batch(int64_t rows) : student(at::randn({rows, 4, kVocabulary}).requires_grad_(true)) {
    columns["labels"] = at::randint(0, kVocabulary, {rows, 4}, at::kLong);
    columns["labels"][0][3].fill_(kIgnoreLabel);
    logits["student.logits"] = LazyLogits::from_dense(student);
    logits["teacher.logits"] = LazyLogits::from_dense(at::randn({rows, 4, kVocabulary}));
  }

  LossResult evaluate(const std::vector<WeightedObjective>& objectives,
                      const std::vector<double>& denominators) const {
    const TensorMap outputs;
    return evaluate_objectives(
        objectives, {columns, logits, outputs, 0, 10, RandomStream(StreamKey{})}, denominators);
  }
  LossResult evaluate(const std::vector<WeightedObjective>& objectives) const {
    return evaluate(objectives, count_terms(objectives, columns));
  }
};

TEST(Loss, IsTheWeightedSumOfSumsOverDenominators) {
  at::manual_seed(1);
  const Batch batch(3);
  const std::vector<WeightedObjective> objectives = {
      token("kl", Divergence::kForwardKl, 0.9),
      token("ce", Divergence::kCrossEntropy, 0.1),
      {"square", std::make_shared<SquareObjective>(), 0.01}};
  const std::vector<double> counts = count_terms(objectives, batch.columns);
  EXPECT_EQ(counts, (std::vector<double>{11, 11, 3}));
  const LossResult result = batch.evaluate(objectives);
  const auto sum = [&](int64_t k) { return result.sums[k].item<double>(); };
  EXPECT_NEAR(result.loss.item<double>(), .9 * sum(0) / 11 + .1 * sum(1) / 11 + .01 * sum(2) / 3,
              1e-6);
  EXPECT_NEAR(sum(2), at::square(batch.student).sum().item<double>(), 1e-4);
  result.loss.backward();
  const at::Tensor together = batch.student.grad().clone();
  at::Tensor apart = at::full({}, 0.0);
  for (const WeightedObjective& each : objectives) {
    batch.student.mutable_grad().reset();
    batch.evaluate({each}).loss.backward();
    apart = apart + batch.student.grad();
  }
  EXPECT_LT((together - apart).abs().max().item<double>(), 1e-7);
}

TEST(Loss, SplittingABatchChangesOnlyRounding) {
  at::manual_seed(2);
  Batch whole(4);
  const std::vector<WeightedObjective> objectives = {token("kl", Divergence::kReverseKl, 1)};
  const std::vector<double> counts = count_terms(objectives, whole.columns);
  const double expected = whole.evaluate(objectives).loss.item<double>();
  double split = 0;
  std::vector<double> added(1, 0);
  for (const auto& [begin, end] : {std::pair<int64_t, int64_t>{0, 1}, {1, 4}}) {
    Batch part = whole;
    part.columns["labels"] = whole.columns["labels"].narrow(0, begin, end - begin);
    for (auto& [want, lazy] : part.logits) lazy = lazy.slice(begin * 4, end * 4);
    added[0] += count_terms(objectives, part.columns)[0];
    split += part.evaluate(objectives, counts).loss.item<double>();
  }
  EXPECT_EQ(added, counts);
  EXPECT_NEAR(split, expected, 1e-5 * expected);
}

TEST(Loss, NamesArePrefixedOnlyWhereTheyClash) {
  const auto names = [](const std::vector<WeightedObjective>& objectives) {
    std::vector<std::string> out;
    for (const LossTerm& term : loss_terms(objectives)) out.push_back(term.name);
    return out;
  };
  const WeightedObjective kl = token("kl", Divergence::kForwardKl, 1);
  const WeightedObjective ce = token("ce", Divergence::kCrossEntropy, 1);
  EXPECT_EQ(names({kl, ce}), (std::vector<std::string>{"kl", "ce"}));
  EXPECT_EQ(names({kl, ce, kl}), (std::vector<std::string>{"kl.kl", "ce", "kl#2.kl"}));
  const LossResult result = Batch(1).evaluate({kl, kl});
  ASSERT_EQ(result.observations.size(), 2u);
  EXPECT_EQ(result.observations[0].name, "mean");
  EXPECT_EQ(result.observations[1].name, "kl#2.mean");
  EXPECT_EQ(result.sums[0].item<double>(), result.sums[1].item<double>());
}

TEST(Loss, ObservationsSeeTheDivergencesOfTheirOwnTerms) {
  const LossResult result = Batch(2).evaluate(
      {token("kl", Divergence::kForwardKl, 1), token("ce", Divergence::kCrossEntropy, 1)});
  for (int64_t k : {0, 1}) {
    EXPECT_NEAR(result.observations[static_cast<size_t>(k)].sum.item<double>(),
                result.sums[k].item<double>(), 1e-5);
  }
}

TEST(Loss, CoefficientsAreSchedules) {
  class Half : public ScheduleFunction {
   public:
    double at(int64_t step, int64_t total) const override {
      return 0.5 + static_cast<double>(step) / static_cast<double>(total);
    }
    std::string fingerprint() const override { return "half"; }
  };
  WeightedObjective objective = token("ce", Divergence::kCrossEntropy, 1);
  const Batch batch(2);
  const double full = batch.evaluate({objective}).loss.item<double>();
  objective.coefficient = Schedule(std::make_shared<const Half>());
  EXPECT_NEAR(batch.evaluate({objective}).loss.item<double>(), full / 2, 1e-6);
}

TEST(Loss, AnUpdateWithoutACountedTokenHasNoLoss) {
  Batch batch(1);
  batch.columns["labels"].fill_(kIgnoreLabel);
  const LossResult result = batch.evaluate({token("ce", Divergence::kCrossEntropy, 1)});
  EXPECT_EQ(result.loss.item<double>(), 0.0);
}

template <typename Call>
void expect_error(Call call, const std::string& part) {
  try {
    call();
    ADD_FAILURE() << "no error that says: " << part;
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
  }
}

TEST(Loss, ErrorsNameTheObjective) {
  Batch batch(1);
  auto square = std::make_shared<SquareObjective>();
  square->sum_name = "cube";
  const std::vector<WeightedObjective> undeclared = {{"square", square, 1.0}};
  expect_error([&] { batch.evaluate(undeclared, {1.0}); }, "objective square");
  expect_error([&] { batch.evaluate(undeclared, {1.0}); }, "'cube' is not in its term_info()");
  const std::vector<WeightedObjective> kl = {token("kl", Divergence::kForwardKl, 1)};
  batch.logits.erase("teacher.logits");
  expect_error([&] { batch.evaluate(kl, {1.0}); }, "no logits 'teacher.logits'");
  batch.columns.erase("labels");
  expect_error([&] { batch.evaluate(kl, {1.0}); }, "objective kl");
  expect_error([&] { count_terms(kl, batch.columns); }, "objective kl");
}

}  // namespace
}  // namespace kd::core
