#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "kd/metric.h"
#include "kd/verifier.h"
#include "tests/support/components.h"

namespace kd::metrics {
namespace {

using test::as_parameter;
using test::PluginComponents;
using testing::ElementsAre;
using testing::HasSubstr;

// Right when the completion equals the row's answer; an empty answer cannot be read.
class EqualsAnswer : public Verifier {
 public:
  Verdict verify(const Row& row, const std::string& completion) const override {
    const auto& answer = row.at("answer").as_string();
    if (answer.empty()) return {0, VerdictState::kUnparsableReference, ""};
    const bool right = completion == answer;
    return {right ? 1.0 : 0.0, right ? VerdictState::kOk : VerdictState::kWrong, completion};
  }
};

Value verifier() { return as_parameter<Verifier>(std::make_shared<EqualsAnswer>()); }

std::shared_ptr<Metric> pass_at_k(Value::Map params) {
  params["verifier"] = verifier();
  return PluginComponents().make<Metric>("pass_at_k", params);
}

EvaluatedRow evaluated(const Row& row, std::vector<std::string> completions,
                       std::vector<bool> truncated = {}) {
  EvaluatedRow out;
  out.row = &row;
  out.completions = std::move(completions);
  out.truncated = std::move(truncated);
  return out;
}

TEST(PassAtKMetric, AsksForWhatItNeeds) {
  const auto needs =
      pass_at_k(
          {{"k", 2}, {"samples", 4}, {"temperature", 0.5}, {"top_p", 0.9}, {"max_new_tokens", 48}})
          ->needs();
  EXPECT_EQ(needs.samples, 4);
  EXPECT_EQ(needs.temperature, 0.5);
  EXPECT_EQ(needs.top_p, 0.9);
  EXPECT_EQ(needs.max_new_tokens, 48);
  EXPECT_EQ(pass_at_k({})->needs().samples, 1);
  EXPECT_FALSE(pass_at_k({})->needs().scores);
}

TEST(PassAtKMetric, AveragesOverProblemsAndKeepsTheValueOfEach) {
  const Row row = {{"answer", "1"}};
  const auto metric = pass_at_k({{"k", 2}, {"samples", 4}, {"temperature", 1}});
  const auto values = metric->evaluate(
      {evaluated(row, {"1", "2", "3", "4"}, {true, true, false, false}),
       evaluated(row, {"0", "0", "0", "0"}), evaluated(row, {"1", "1", "1", "0"})});
  ASSERT_EQ(values.size(), 2U);
  EXPECT_EQ(values[0].name, "pass@2");
  EXPECT_THAT(values[0].per_row, ElementsAre(testing::DoubleNear(0.5, 1e-12), 0.0, 1.0));
  EXPECT_NEAR(values[0].value, 0.5, 1e-12);
  EXPECT_EQ(values[0].n, 3);
  EXPECT_EQ(values[1].name, "truncated");
  EXPECT_NEAR(values[1].value, 0.5 / 3, 1e-12);
}

TEST(PassAtKMetric, LeavesOutRowsThatProveNothing) {
  const Row row = {{"answer", "1"}};
  const Row unreadable = {{"answer", ""}};
  const auto metric = pass_at_k({});
  const auto values = metric->evaluate({evaluated(row, {"1"}), evaluated(unreadable, {"1"})});
  EXPECT_EQ(values[0].value, 1);
  EXPECT_EQ(values[0].n, 1);
  EXPECT_THROW(metric->evaluate({evaluated(unreadable, {"1"})}), Error);
}

TEST(PassAtKMetric, RefusesWhatCannotBeMeasured) {
  EXPECT_THROW(pass_at_k({{"k", 4}, {"samples", 2}, {"temperature", 1}}), Error);
  EXPECT_THROW(pass_at_k({{"k", 1}, {"samples", 4}}), Error);  // greedy: four equal completions
  EXPECT_THROW(PluginComponents().make<Metric>("pass_at_k"), Error);
}

TEST(PerplexityMetric, IsTheExponentialOfTheMeanOverTokens) {
  const auto metric = PluginComponents().make<Metric>("perplexity");
  EXPECT_TRUE(metric->needs().scores);
  EXPECT_EQ(metric->needs().samples, 0);
  EvaluatedRow a;
  a.logprobs = {-1, -2, -3};
  EvaluatedRow b;
  b.logprobs = {-6};
  const auto values = metric->evaluate({a, b});
  EXPECT_EQ(values[0].name, "perplexity");
  EXPECT_NEAR(values[0].value, std::exp(3.0), 1e-12);  // not the mean of the rows' means, 4
  EXPECT_EQ(values[0].n, 4);
  EXPECT_THROW(metric->evaluate({EvaluatedRow{}}), Error);
}

// A uniform guess over V tokens has perplexity V.
TEST(PerplexityMetric, OfAUniformGuessIsTheVocabulary) {
  EvaluatedRow row;
  row.logprobs.assign(17, -std::log(256.0));
  const auto values = PluginComponents().make<Metric>("perplexity")->evaluate({row});
  EXPECT_NEAR(values[0].value, 256, 1e-9);
}

}  // namespace
}  // namespace kd::metrics
