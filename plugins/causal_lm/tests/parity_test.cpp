// Hugging Face models and what transformers computed with them: see the fixtures' README.
#include <ATen/TensorOperators.h>
#include <ATen/ops/abs.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/cross_entropy_loss.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/ones_like.h>
#include <ATen/ops/topk.h>
#include <ATen/ops/where.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <sstream>

#include "kd/safetensors.h"
#include "support.h"

namespace causal_lm::test {
namespace {

class Parity : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::path(std::getenv("KD_FIXTURES")) / "models" / GetParam();
    expected_ = kd::read_safetensors(folder_ / "expected.safetensors").tensors;
    const kd::CreateContext context{.random = kd::RandomStream({.stage = "test"})};
    model_ = std::make_unique<CausalLm>(HfConfig::read(folder_), context, nullptr);
    model_->load(folder_);
  }

  kd::TensorMap inputs() const {
    return {{"input_ids", expected_.at("input_ids")},
            {"attention_mask", expected_.at("attention_mask")}};
  }

  // 1e-4 absolute, 1e-5 relative where larger, at unmasked positions of [B, T, …].
  void expect_close(const at::Tensor& actual, const std::string& name) const {
    const at::Tensor& wanted = expected_.at(name);
    ASSERT_EQ(actual.sizes(), wanted.sizes()) << name;
    const at::Tensor real = expected_.at("attention_mask").to(at::kBool).unsqueeze(-1);
    const at::Tensor excess = (actual - wanted).abs() - (wanted.abs() * 1e-5).clamp_min(1e-4);
    EXPECT_LT(at::where(real, excess, -1).max().item<double>(), 0) << name;
  }

  // Greedy continuation of `prompt` by cached decoding, up to `columns` in all.
  at::Tensor greedy(const at::Tensor& prompt, const at::Tensor& mask, int64_t columns) {
    at::Tensor ids = prompt;
    const auto state = model_->start_decoding(prompt.size(0), columns);
    at::Tensor logits = model_->decode(prompt, mask, *state);
    while (true) {
      const at::Tensor next = logits.argmax(-1, true);
      ids = at::cat({ids, next}, 1);
      if (ids.size(1) == columns) return ids;
      logits = model_->decode(next, at::ones_like(next), *state);
    }
  }

  std::filesystem::path folder_;
  kd::TensorMap expected_;
  std::unique_ptr<CausalLm> model_;
};

TEST_P(Parity, LogitsAndHiddenStates) {
  std::vector<std::string> wants{"logits"};
  for (const auto& [name, tensor] : expected_) {
    if (name.starts_with("hidden.")) wants.push_back(name);
  }
  ASSERT_EQ(wants.size(), static_cast<size_t>(model_->describe().layers) + 2);
  const kd::Outputs out = model_->forward(inputs(), wants, {});
  for (const std::string& want : wants) {
    expect_close(out.get(want, expected_.at("input_ids").size(0)), want);
  }
}

TEST_P(Parity, LossAndGradient) {
  const kd::Outputs out = model_->forward(inputs(), {"logits"}, {.grad = kd::Grad::kAll});
  const at::Tensor& ids = expected_.at("input_ids");
  const at::Tensor logits = out.get("logits", ids.size(0));
  const at::Tensor labels = at::where(expected_.at("attention_mask").to(at::kBool), ids, -100);
  const int64_t columns = ids.size(1) - 1;
  const at::Tensor loss =
      at::cross_entropy_loss(logits.narrow(1, 0, columns).flatten(0, 1),
                             labels.narrow(1, 1, columns).flatten(), {}, 1, -100);
  EXPECT_NEAR(loss.item<double>(), expected_.at("loss").item<double>(), 1e-4);
  loss.backward();
  int compared = 0;
  for (const kd::NamedTensor& parameter : model_->parameters()) {
    const auto wanted = expected_.find("grad." + parameter.name);
    if (wanted == expected_.end()) continue;
    const double scale = wanted->second.abs().max().item<double>();
    EXPECT_LT(distance(parameter.tensor.grad(), wanted->second), 1e-4 * scale) << parameter.name;
    ++compared;
  }
  EXPECT_GT(compared, 0);
}

TEST_P(Parity, GreedyContinuations) {
  const auto compare = [&](const char* prompt, const char* mask, const char* wanted) {
    const at::Tensor& ids = expected_.at(prompt);
    const at::Tensor real = mask == nullptr ? at::ones_like(ids) : expected_.at(mask);
    const at::Tensor& reference = expected_.at(wanted);
    const at::Tensor mine = greedy(ids, real, reference.size(1));
    for (int64_t row = 0; row < mine.size(0); ++row) {
      for (int64_t t = ids.size(1); t < mine.size(1); ++t) {
        const int64_t token = reference[row][t].item<int64_t>();
        EXPECT_EQ(mine[row][t].item<int64_t>(), token) << wanted << " " << row << ", " << t;
        if (token == 1) break;  // the end of text; padding follows
      }
    }
  };
  compare("prompt", nullptr, "greedy");
  compare("left_padded", "left_mask", "greedy_left_padded");
}

TEST_P(Parity, SavedAndLoadedAgainIsTheSame) {
  const TemporaryFolder folder;
  model_->save(folder.path());
  const kd::CreateContext context{.random = kd::RandomStream({.stage = "test"})};
  CausalLm again(HfConfig::read(folder.path()), context, nullptr);
  again.load(folder.path());
  EXPECT_TRUE(at::equal(logits_of(again, inputs()), logits_of(*model_, inputs())));
}

std::vector<std::string> families() {
  std::istringstream words(std::getenv("KD_FAMILIES") == nullptr ? "" : std::getenv("KD_FAMILIES"));
  return {std::istream_iterator<std::string>(words), {}};
}

INSTANTIATE_TEST_SUITE_P(Families, Parity, testing::ValuesIn(families()),
                         [](const auto& family) { return family.param; });

}  // namespace
}  // namespace causal_lm::test
