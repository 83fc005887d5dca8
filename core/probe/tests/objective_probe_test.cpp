#include "core/probe/objective_probe.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/full.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/randint.h>
#include <ATen/ops/randn.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "kd/error.h"
#include "kd/json.h"
#include "kd/token_terms.h"

namespace kd::core {
namespace {

class ObjectiveProbe : public ::testing::Test {
 protected:
  TensorMap inputs() const {
    TensorMap out;
    out["student.logits"] = at::randn({2, 5, 7});
    out["teacher.logits"] = at::randn({2, 5, 7});
    out["labels"] = at::randint(0, 7, {2, 5}, at::kLong);
    out["labels"][0][4].fill_(kIgnoreLabel);
    return out;
  }

  void expect_error(const std::string& name, const Value::Map& settings, const TensorMap& given,
                    const std::string& part) {
    try {
      probe_objective(registry_, name, settings, given);
      ADD_FAILURE() << "no error that says: " << part;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find(part), std::string::npos) << error.what();
    }
  }

  Registry registry_{{std::filesystem::path(std::getenv("KD_BUILD_DIR")) / "plugins"}};
};

TEST_F(ObjectiveProbe, CrossEntropyIsTheMeanOverCountedTokens) {
  const TensorMap given = inputs();
  const TensorMap out = probe_objective(registry_, "cross_entropy", {}, given);
  const at::Tensor labels = given.at("labels");
  const at::Tensor nll = -at::log_softmax(given.at("student.logits"), -1)
                              .gather(2, labels.clamp_min(0).unsqueeze(2))
                              .squeeze(2) *
                         labels.ne(kIgnoreLabel);
  EXPECT_NEAR(out.at("sum.cross_entropy").item<double>(), nll.sum().item<double>(), 1e-5);
  EXPECT_EQ(out.at("count.cross_entropy").item<double>(), 9.0);
  EXPECT_NEAR(out.at("loss").item<double>(), nll.sum().item<double>() / 9, 1e-6);
  const at::Tensor gradient = out.at("grad.student.logits");
  EXPECT_EQ(gradient.sizes(), given.at("student.logits").sizes());
  EXPECT_EQ(gradient[0][4].abs().max().item<double>(), 0.0);
  EXPECT_EQ(out.count("grad.teacher.logits"), 0u);
}

TEST_F(ObjectiveProbe, SettingsReachTheObjective) {
  const TensorMap given = inputs();
  const auto loss = [&](const Value::Map& settings) {
    return probe_objective(registry_, "kl", settings, given).at("loss").item<double>();
  };
  const double forward = loss({});
  EXPECT_NE(forward, loss({{"direction", "reverse"}}));
  EXPECT_NEAR(forward, loss({{"direction", "jsd"}, {"beta", 0.0}}), 1e-7);
  EXPECT_NEAR(loss({{"temperature", 2.0}}),
              4 * loss({{"temperature", 2.0}, {"temperature_power", 0.0}}), 1e-5);
}

TEST_F(ObjectiveProbe, DescribesWhatItReads) {
  const Value about = describe_objective_probe(registry_, "dpo", {});
  EXPECT_EQ(to_json(*about.find("wants")),
            R"(["chosen.student.logits","rejected.student.logits","chosen.reference.logits",)"
            R"("rejected.reference.logits"])");
  EXPECT_EQ(to_json(*about.find("columns")), R"(["chosen.labels","rejected.labels"])");
  EXPECT_EQ(to_json(*about.find("terms")), R"([{"name":"dpo","unit":"pair"}])");
  EXPECT_NE(to_json(*about.find("parameters")).find("\"beta\""), std::string::npos);
}

TEST_F(ObjectiveProbe, BadInputIsNamed) {
  const TensorMap good = inputs();
  TensorMap bad = good;
  bad.erase("teacher.logits");
  expect_error("kl", {}, bad, "no tensor 'teacher.logits'");
  bad = good;
  bad["teacher.logits"] = at::randn({2, 5, 8});
  expect_error("kl", {}, bad, "unequal vocabularies");
  bad["teacher.logits"] = at::randn({10, 7});
  expect_error("kl", {}, bad, "teacher.logits: expected [B, T, V]");
  bad = good;
  bad["labels"] = at::full({2, 5}, 7, at::kLong);
  expect_error("kl", {}, bad, "label 7 is outside the vocabulary");
  bad["labels"] = at::full({2, 4}, 1, at::kLong);
  expect_error("kl", {}, bad, "labels: expected integers [2, 5]");
  bad["labels"] = at::randn({2, 5});
  expect_error("cross_entropy", {}, bad, "labels: expected integers [2, 5]");
  bad = good;
  bad["student.logits"] = at::full({2, 5, 7}, 1, at::kLong);
  expect_error("kl", {}, bad, "expected floating numbers");
}

TEST_F(ObjectiveProbe, BadNamesAndSettingsAreNamed) {
  expect_error("cross_entrpy", {}, inputs(), "did you mean 'cross_entropy'");
  expect_error("kl", {{"temprature", 2.0}}, inputs(), "temperature");
  expect_error("kl", {{"temperature", 0.0}}, inputs(), "temperature");
  expect_error("kl", {{"direction", "sideways"}}, inputs(), "direction");
  expect_error("kl", {{"teacher", "x"}}, inputs(), "a probe takes its outputs instead");
}

}  // namespace
}  // namespace kd::core
