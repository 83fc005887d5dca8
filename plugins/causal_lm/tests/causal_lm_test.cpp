#include "causal_lm.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/logsumexp.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/ones_like.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"
#include "support.h"

namespace causal_lm::test {
namespace {

using testing::HasSubstr;

template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const kd::Error& error) {
    return error.what();
  }
  return "no error";
}

kd::TensorMap inputs_of(const at::Tensor& ids) { return {{"input_ids", ids}}; }

TEST(CausalLm, GradientsAgreeWithFiniteDifferences) {
  for (const char* family : {"LlamaForCausalLM", "Qwen3ForCausalLM", "Olmo2ForCausalLM"}) {
    const auto model = small_model(small_config({.tied = true}, family), 3, at::kDouble);
    const at::Tensor ids = random_ids(2, 5, 29);
    const auto loss = [&](kd::Grad grad) {
      const kd::Outputs out = model->forward(inputs_of(ids), {"logits"}, {.grad = grad});
      return out.logits.materialise().logsumexp(-1).square().sum();
    };
    loss(kd::Grad::kAll).backward();
    const at::NoGradGuard no_grad;
    for (const kd::NamedTensor& parameter : model->parameters()) {
      const at::Tensor flat = parameter.tensor.view({-1});
      const int64_t at = flat.numel() / 2;
      const double gradient = parameter.tensor.grad().view({-1})[at].item<double>();
      constexpr double kStep = 1e-5;
      const auto shifted = [&](double by) {
        flat[at] += by;
        const double value = loss(kd::Grad::kNone).item<double>();
        flat[at] -= by;
        return value;
      };
      const double numeric = (shifted(kStep) - shifted(-kStep)) / (2 * kStep);
      EXPECT_NEAR(gradient, numeric, 1e-6 * std::max(1.0, std::abs(numeric)))
          << family << " " << parameter.name;
    }
  }
}

TEST(CausalLm, ObservingChangesNothing) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(3, 7, 29);
  const at::Tensor plain = logits_of(*model, inputs_of(ids));
  const kd::Outputs out = model->forward(
      inputs_of(ids), {"logits", "hidden.1", "attention.0", "layers.1.attention.q", "layers.0.mlp"},
      {});
  EXPECT_LT(distance(out.get("logits", 3), plain), 1e-4);
  const at::Tensor& map = out.tensors.at("attention.0");
  EXPECT_EQ(map.sizes(), (std::vector<int64_t>{3, 4, 7, 7}));
  EXPECT_LT(distance(map.sum(-1), at::ones({3, 4, 7})), 1e-5);
  EXPECT_EQ(map.triu(1).abs().max().item<double>(), 0);
  EXPECT_EQ(out.tensors.at("hidden.1").sizes(), (std::vector<int64_t>{3, 7, 16}));
  EXPECT_EQ(out.tensors.at("layers.1.attention.q").sizes(), (std::vector<int64_t>{3, 7, 16}));
}

TEST(CausalLm, ReplacedMapIsUsed) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(2, 5, 29);
  const kd::Outputs seen = model->forward(inputs_of(ids), {"logits", "attention.1"}, {});
  const kd::Outputs same = model->forward(
      inputs_of(ids), {"logits"}, {.replace = {{"attention.1", seen.tensors.at("attention.1")}}});
  EXPECT_LT(distance(same.get("logits", 2), seen.get("logits", 2)), 1e-5);
  const kd::Outputs other = model->forward(
      inputs_of(ids), {"logits"}, {.replace = {{"attention.1", at::full({2, 4, 5, 5}, 0.2)}}});
  EXPECT_GT(distance(other.get("logits", 2), seen.get("logits", 2)), 1e-3);
}

TEST(CausalLm, StartsAtALayerWithoutTokens) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(2, 5, 29);
  const kd::Outputs whole = model->forward(inputs_of(ids), {"logits", "hidden.1"}, {});
  const kd::Outputs rest = model->forward(
      {}, {"logits"},
      {.replace = {{"hidden.1", whole.tensors.at("hidden.1")}}, .start_at = "hidden.1"});
  EXPECT_LT(distance(rest.get("logits", 2), whole.get("logits", 2)), 1e-6);
}

TEST(CausalLm, StopsEarly) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(2, 5, 29);
  const kd::Outputs out = model->forward(inputs_of(ids), {"hidden.0"}, {.stop_at = "hidden.0"});
  EXPECT_TRUE(out.tensors.contains("hidden.0"));
  EXPECT_THAT(
      error_of([&] { model->forward(inputs_of(ids), {"logits"}, {.stop_at = "hidden.0"}); }),
      HasSubstr("no logits when stopping at hidden.0"));
}

TEST(CausalLm, NoGradientIsPreparedUnlessAskedFor) {
  const auto model = small_model(small_config());
  const kd::Outputs out =
      model->forward(inputs_of(random_ids(2, 5, 29)), {"logits", "hidden.1"}, {});
  EXPECT_FALSE(out.logits.requires_grad());
  EXPECT_FALSE(out.tensors.at("hidden.1").requires_grad());
}

TEST(CausalLm, GradientsOfInputsLeaveParametersAlone) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(2, 5, 29);
  const at::Tensor embedded = model->forward(inputs_of(ids), {"hidden.0"}, {})
                                  .tensors.at("hidden.0")
                                  .detach()
                                  .set_requires_grad(true);
  const kd::Outputs out = model->forward(
      inputs_of(ids), {"logits"}, {.grad = kd::Grad::kInputs, .replace = {{"embed", embedded}}});
  out.logits.materialise().square().sum().backward();
  EXPECT_GT(embedded.grad().abs().sum().item<double>(), 0);
  for (const kd::NamedTensor& parameter : model->parameters()) {
    EXPECT_FALSE(parameter.tensor.grad().defined()) << parameter.name;
    EXPECT_TRUE(parameter.tensor.requires_grad()) << parameter.name;
  }
}

TEST(CausalLm, PaddingDoesNotReachRealPositions) {
  for (const char* family : {"LlamaForCausalLM", "MistralForCausalLM"}) {
    auto config = small_config({}, family);
    config["sliding_window"] = 3;
    const auto model = small_model(config);
    const at::Tensor row = random_ids(1, 5, 29);
    const at::Tensor junk = random_ids(1, 3, 29, 99);
    const at::Tensor alone = logits_of(*model, inputs_of(row));
    const at::Tensor ones = at::ones_like(row);
    const at::Tensor zeros = at::full({1, 3}, 0, at::kLong);
    const at::Tensor right = logits_of(*model, {{"input_ids", at::cat({row, junk}, 1)},
                                                {"attention_mask", at::cat({ones, zeros}, 1)}});
    EXPECT_LT(distance(right.narrow(1, 0, 5), alone), 1e-5) << family;
    const at::Tensor left = logits_of(*model, {{"input_ids", at::cat({junk, row}, 1)},
                                               {"attention_mask", at::cat({zeros, ones}, 1)}});
    EXPECT_LT(distance(left.narrow(1, 3, 5), alone), 1e-5) << family;
    EXPECT_TRUE(left.isfinite().all().item<bool>()) << family;
  }
}

TEST(CausalLm, EqualSeedsGiveEqualWeights) {
  const auto make = [](uint64_t seed) {
    const kd::RandomStream random({.run_seed = seed, .purpose = "init"});
    CausalLm model(HfConfig(small_config(), "test"), {.random = random}, nullptr);
    model.initialise(random);
    return model.parameters().front().tensor.detach().clone();
  };
  EXPECT_TRUE(at::equal(make(1), make(1)));
  EXPECT_FALSE(at::equal(make(1), make(2)));
}

TEST(CausalLm, BadInputsAreNamed) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(2, 5, 29);
  EXPECT_THAT(error_of([&] { model->forward({}, {"logits"}, {}); }), HasSubstr("input_ids"));
  EXPECT_THAT(error_of([&] { model->forward(inputs_of(ids.to(at::kInt)), {"logits"}, {}); }),
              HasSubstr("expected int64"));
  EXPECT_THAT(error_of([&] { model->forward(inputs_of(ids + 29), {"logits"}, {}); }),
              HasSubstr("outside of the vocabulary of 29"));
  EXPECT_THAT(
      error_of([&] {
        model->forward({{"input_ids", ids}, {"attention_mask", at::ones({2, 4})}}, {"logits"}, {});
      }),
      HasSubstr("attention_mask"));
  EXPECT_THAT(error_of([&] { model->forward(inputs_of(ids), {"hidden.3"}, {}); }),
              HasSubstr("no such output 'hidden.3'"));
}

TEST(CausalLm, DescribesItself) {
  const auto model = small_model(small_config());
  const kd::ModelDescription description = model->describe();
  EXPECT_EQ(description.architecture, "LlamaForCausalLM");
  // embeddings and head 2·29·16; a layer: 16·16·2 + 16·8·2 + 3·16·24 + 2·16; last norm 16
  EXPECT_EQ(description.parameters, 2 * 29 * 16 + 2 * (512 + 256 + 1152 + 32) + 16);
  EXPECT_THAT(description.outputs, testing::Contains("hidden.2"));
  EXPECT_THAT(description.outputs, testing::Contains("layers.1.attention.map"));
}

// What goes wrong with folders.
class Folder : public testing::Test {
 protected:
  void SetUp() override {
    small_model(small_config())->save(folder_.path());
    tensors_ = kd::read_safetensors(folder_.path() / "model.safetensors").tensors;
  }
  void load() {
    const kd::CreateContext context{.random = kd::RandomStream({.stage = "test"})};
    CausalLm model(HfConfig::read(folder_.path()), context, nullptr);
    model.load(folder_.path());
    loaded_ = logits_of(model, inputs_of(random_ids(2, 5, 29)));
  }
  void write_config(const kd::Value::Map& config) const {
    kd::write_file_atomically(folder_.path() / "config.json", kd::to_json(config));
  }
  void write_tensors() const {
    kd::write_safetensors(folder_.path() / "model.safetensors", tensors_);
  }

  TemporaryFolder folder_;
  kd::TensorMap tensors_;
  at::Tensor loaded_;
};

TEST_F(Folder, ReadsShards) {
  load();
  const at::Tensor whole = loaded_;
  kd::TensorMap first;
  kd::Value::Map weight_map;
  for (auto& [name, tensor] : tensors_) weight_map[name] = "b.safetensors";
  first["model.norm.weight"] = tensors_.at("model.norm.weight").clone();
  weight_map["model.norm.weight"] = "a.safetensors";
  tensors_.erase("model.norm.weight");
  kd::write_safetensors(folder_.path() / "a.safetensors", first);
  kd::write_safetensors(folder_.path() / "b.safetensors", tensors_);
  const auto write_index = [&] {
    kd::write_file_atomically(folder_.path() / "model.safetensors.index.json",
                              kd::to_json(kd::Value::Map{{"weight_map", weight_map}}));
  };
  write_index();
  std::filesystem::remove(folder_.path() / "model.safetensors");
  load();
  EXPECT_TRUE(at::equal(loaded_, whole));

  weight_map["model.norm.weight"] = "../a.safetensors";
  write_index();
  EXPECT_THAT(error_of([&] { load(); }), HasSubstr("outside of the folder"));
}

TEST_F(Folder, NamesTensorsThatDoNotFit) {
  tensors_["surplus"] = at::ones({1});
  tensors_.erase("model.norm.weight");
  tensors_["lm_head.weight"] = at::ones({28, 16});
  write_tensors();
  const std::string text = error_of([&] { load(); });
  EXPECT_THAT(text, HasSubstr("surplus"));
  EXPECT_THAT(text, HasSubstr("model.norm.weight"));
  EXPECT_THAT(text, HasSubstr("lm_head.weight is float32 [28, 16]"));
}

TEST_F(Folder, RejectsNan) {
  tensors_["model.norm.weight"] = at::full({16}, std::nan(""));
  write_tensors();
  EXPECT_THAT(error_of([&] { load(); }), HasSubstr("model.norm.weight has NaN"));
}

TEST_F(Folder, NamesUnknownArchitecturesAndSettings) {
  auto config = small_config({}, "LamaForCausalLM");
  write_config(config);
  EXPECT_THAT(error_of([&] { load(); }), HasSubstr("unknown architecture 'LamaForCausalLM'"));
  config = small_config();
  config.erase("hidden_size");
  write_config(config);
  EXPECT_THAT(error_of([&] { load(); }), HasSubstr("'hidden_size' is missing"));
  config = small_config();
  config["num_key_value_heads"] = 3;
  write_config(config);
  EXPECT_THAT(error_of([&] { load(); }), HasSubstr("4 heads cannot share 3"));
  config = small_config();
  config["rope_parameters"] = kd::Value::Map{{"rope_type", "yarn"}};
  write_config(config);
  EXPECT_THAT(error_of([&] { load(); }), HasSubstr("unknown rope_type 'yarn'"));
}

}  // namespace
}  // namespace causal_lm::test
