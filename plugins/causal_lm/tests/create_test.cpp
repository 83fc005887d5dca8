#include "create.h"

#include <ATen/ops/std.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "kd/error.h"
#include "support.h"

namespace causal_lm::test {
namespace {

using testing::HasSubstr;

const kd::CreateContext kContext{.random = kd::RandomStream({.purpose = "init"})};

CausalLmParams params_of(const ConfigParams& config) {
  CausalLmParams params;
  params.config = config;
  return params;
}

std::string error_of(const CausalLmParams& params) {
  try {
    create(params, kContext);
  } catch (const kd::Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Create, FillsInWhatIsLeftOut) {
  const auto model =
      create(params_of({.layers = 2, .hidden = 64, .heads = 4, .vocab_size = 31}), kContext);
  const kd::DecoderConfig& config = model->decoder().config();
  EXPECT_EQ(config.layers[0].attention.kv_heads, 4);
  EXPECT_EQ(config.layers[0].mlp.intermediate, 176);  // 8/3·64 = 170.7, then a multiple of 16
  EXPECT_TRUE(config.tied_head);
  EXPECT_EQ(model->describe().max_positions, 2048);
}

TEST(Create, WeightsHaveTheStatedSpread) {
  const auto model =
      create(params_of({.layers = 2, .hidden = 64, .heads = 4, .vocab_size = 512}), kContext);
  std::map<std::string, at::Tensor> weights;
  for (const kd::NamedTensor& parameter : model->decoder().named_parameters()) {
    weights[parameter.name] = parameter.tensor;
  }
  const auto spread = [&](const char* name) { return weights.at(name).std().item<double>(); };
  EXPECT_NEAR(spread("embed.weight"), 0.02, 0.001);
  EXPECT_NEAR(spread("layers.0.attention.q.weight"), 0.125, 0.006);
  EXPECT_NEAR(spread("layers.1.mlp.down.weight"), 1 / std::sqrt(176.0) / 2, 0.002);
  EXPECT_EQ(weights.at("norm.weight").min().item<double>(), 1);
  EXPECT_EQ(weights.at("norm.weight").max().item<double>(), 1);
}

TEST(Create, NamesContradictions) {
  EXPECT_THAT(error_of({}), HasSubstr("needs `path`, or `config`"));
  EXPECT_THAT(error_of(params_of({.layers = 1, .hidden = 10, .heads = 4, .vocab_size = 9})),
              HasSubstr("hidden = 10 cannot be split into 4 heads"));
  EXPECT_THAT(error_of(params_of({.layers = 1, .hidden = 12, .heads = 4, .vocab_size = 9})),
              HasSubstr("heads of width 3 cannot be rotated"));
  EXPECT_THAT(error_of(params_of({.layers = 1, .hidden = 16, .heads = 4})),
              HasSubstr("neither vocab_size nor a tokenizer"));
  CausalLmParams both = params_of({.layers = 1, .hidden = 16, .heads = 4, .vocab_size = 9});
  both.path = "somewhere";
  EXPECT_THAT(error_of(both), HasSubstr("not both"));
  CausalLmParams nowhere;
  nowhere.path = "/nowhere";
  EXPECT_THAT(error_of(nowhere), HasSubstr("no config.json"));
}

}  // namespace
}  // namespace causal_lm::test
