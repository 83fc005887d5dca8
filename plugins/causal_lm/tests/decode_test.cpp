// Cached decoding against forwards without a cache.
#include <ATen/TensorOperators.h>
#include <ATen/ops/arange.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kd/error.h"
#include "support.h"

namespace causal_lm::test {
namespace {

constexpr int64_t kColumns = 12;
constexpr int64_t kPrompt = 6;

// Rows of lengths 6, 3 and 1 in the prompt, padded on the left.
at::Tensor left_mask() {
  const at::Tensor padding = at::tensor({0, 3, 5}, at::kLong).unsqueeze(1);
  return (at::arange(kColumns) >= padding).to(at::kLong);
}

std::unique_ptr<CausalLm> model_of(const char* family, int64_t kv_heads) {
  auto config = small_config({.kv_heads = kv_heads}, family);
  config["sliding_window"] = 4;
  return small_model(config);
}

struct Case {
  const char* family;
  int64_t kv_heads;
};

class Decode : public testing::TestWithParam<Case> {
 protected:
  std::unique_ptr<CausalLm> model_ = model_of(GetParam().family, GetParam().kv_heads);
  at::Tensor ids_ = random_ids(3, kColumns, 29);

  at::Tensor reference(const at::Tensor& mask) {
    return logits_of(*model_, {{"input_ids", ids_}, {"attention_mask", mask}});
  }
};

TEST_P(Decode, OneColumnAtATimeAgreesWithAForward) {
  for (const at::Tensor& mask : {at::ones({3, kColumns}, at::kLong), left_mask()}) {
    const at::Tensor wanted = reference(mask);
    const auto state = model_->start_decoding(3, kColumns);
    at::Tensor logits =
        model_->decode(ids_.narrow(1, 0, kPrompt), mask.narrow(1, 0, kPrompt), *state);
    for (int64_t t = kPrompt; t < kColumns; ++t) {
      EXPECT_LT(distance(logits, wanted.select(1, t - 1)), 1e-4) << t;
      logits = model_->decode(ids_.narrow(1, t, 1), mask.narrow(1, t, 1), *state);
    }
    EXPECT_LT(distance(logits, wanted.select(1, kColumns - 1)), 1e-4);
    EXPECT_EQ(state->length(), kColumns);
    EXPECT_EQ(logits.scalar_type(), at::kFloat);
  }
}

TEST_P(Decode, SeveralColumnsAtATimeAgreeWithAForward) {
  const at::Tensor mask = left_mask();
  const auto state = model_->start_decoding(3, kColumns + 3);
  model_->decode(ids_.narrow(1, 0, kPrompt), mask.narrow(1, 0, kPrompt), *state);
  const at::Tensor logits = model_->decode(ids_.narrow(1, kPrompt, kColumns - kPrompt), {}, *state);
  EXPECT_LT(distance(logits, reference(mask).select(1, kColumns - 1)), 1e-4);
}

TEST_P(Decode, SelectedRowsGoOnByThemselves) {
  const at::Tensor mask = left_mask();
  const auto state = model_->start_decoding(3, kColumns);
  model_->decode(ids_.narrow(1, 0, kPrompt), mask.narrow(1, 0, kPrompt), *state);
  const at::Tensor rows = at::tensor({2, 0, 2, 1}, at::kLong);
  state->select(rows);
  EXPECT_EQ(state->batch(), 4);
  at::Tensor logits;
  for (int64_t t = kPrompt; t < kColumns; ++t) {
    logits = model_->decode(ids_.narrow(1, t, 1).index_select(0, rows), {}, *state);
  }
  const at::Tensor wanted = reference(mask).select(1, kColumns - 1).index_select(0, rows);
  EXPECT_LT(distance(logits, wanted), 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Families, Decode,
                         testing::Values(Case{"LlamaForCausalLM", 4}, Case{"LlamaForCausalLM", 2},
                                         Case{"LlamaForCausalLM", 1}, Case{"MistralForCausalLM", 2},
                                         Case{"Qwen3ForCausalLM", 2}, Case{"Olmo2ForCausalLM", 2}));

TEST(DecodeErrors, AreNamed) {
  const auto model = small_model(small_config());
  const at::Tensor ids = random_ids(2, 4, 29);
  const auto state = model->start_decoding(2, 5);
  const auto error_of = [](const auto& call) -> std::string {
    try {
      call();
    } catch (const kd::Error& error) {
      return error.what();
    }
    return "no error";
  };
  model->decode(ids, {}, *state);
  EXPECT_THAT(error_of([&] { model->decode(ids, {}, *state); }), testing::HasSubstr("5 columns"));
  const at::Tensor column = ids.narrow(1, 0, 1);
  EXPECT_THAT(error_of([&] {
                model->decode(column, at::full({2, 1}, 0, at::kLong), *state);
              }),
              testing::HasSubstr("padding after the first columns"));
  EXPECT_THAT(error_of([&] { model->decode(random_ids(3, 1, 29), {}, *state); }),
              testing::HasSubstr("another model or batch"));
}

}  // namespace
}  // namespace causal_lm::test
