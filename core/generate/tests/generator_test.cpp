#include "core/generate/generator.h"

#include <ATen/ops/full.h>
#include <ATen/ops/index_select.h>
#include <ATen/ops/tensor.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "kd/error.h"

namespace kd::core {
namespace {

constexpr int64_t kVocabulary = 12;
constexpr int64_t kEnd = 11;

// Remembers the last token of every row, padding aside.
class LastToken : public DecodeState {
 public:
  explicit LastToken(int64_t rows) : last(at::full({rows}, -1, at::kLong)) {}
  int64_t batch() const override { return last.size(0); }
  int64_t length() const override { return columns; }
  void select(const at::Tensor& rows) override { last = at::index_select(last, 0, rows); }
  at::Tensor last;
  int64_t columns = 0;
};

// Counts upwards: after token n comes n+1 with high probability, so that prompt n ends after
// kEnd - n tokens. `spread` > 0 makes the choice random.
class CountingModel : public Model {
 public:
  explicit CountingModel(float sharpness) : sharpness_(sharpness) {}
  Outputs forward(const TensorMap&, const std::vector<std::string>&,
                  const ForwardOptions&) override {
    return {};
  }
  std::vector<NamedTensor> parameters() override { return {}; }
  ModelDescription describe() const override { return {}; }
  void save(const std::filesystem::path&) const override {}
  void to(c10::Device, c10::ScalarType) override {}
  std::unique_ptr<DecodeState> start_decoding(int64_t batch, int64_t) override {
    return std::make_unique<LastToken>(batch);
  }
  at::Tensor decode(const at::Tensor& ids, const at::Tensor& mask, DecodeState& state) override {
    auto& last = dynamic_cast<LastToken&>(state);
    widest = std::max(widest, ids.size(0));
    rows_decoded += ids.size(0);
    if (mask.defined()) {
      EXPECT_TRUE(mask.select(1, -1).all().item<bool>()) << "padding is left";
    }
    last.last = ids.select(1, -1).clone();
    last.columns += ids.size(1);
    at::Tensor logits = at::full({ids.size(0), kVocabulary}, 0.0F, at::kFloat);
    for (int64_t r = 0; r < ids.size(0); ++r) {
      const int64_t next = std::min(last.last[r].item<int64_t>() + 1, kEnd);
      logits[r][next] = sharpness_;
    }
    return logits;
  }
  int64_t widest = 0;
  int64_t rows_decoded = 0;

 private:
  float sharpness_;
};

class TinyTokenizer : public Tokenizer {
 public:
  std::vector<int64_t> encode(std::string_view) const override { return {}; }
  std::string decode(const std::vector<int64_t>&) const override { return {}; }
  int64_t vocabulary() const override { return kVocabulary; }
  int64_t bos() const override { return -1; }
  int64_t eos() const override { return kEnd; }
  int64_t pad() const override { return 0; }
  int64_t token_id(std::string_view) const override { return -1; }
  void save(const std::filesystem::path&) const override {}
  std::string fingerprint() const override { return "tiny"; }
};

GeneratorOptions options_for(double temperature, int64_t batch) {
  GeneratorOptions options;
  options.sampling.temperature = temperature;
  options.max_new_tokens = 16;
  options.batch = batch;
  options.run_seed = 3;
  options.stage = "test";
  return options;
}

TEST(Generator, EndsEachRequestAtItsOwnStop) {
  CountingModel model(50);
  const std::vector<GenerationRequest> requests{
      {{8}, {kEnd}, 0}, {{1, 2, 3}, {kEnd}, 1}, {{10}, {kEnd}, 2}, {{5}, {7}, 3}};
  int64_t finished = 0;
  const auto results = generate(model, TinyTokenizer(), requests, options_for(0, 8),
                                [&](int64_t done, int64_t) { finished = done; });
  EXPECT_EQ(results[0].ids, (std::vector<int64_t>{9, 10, 11}));
  EXPECT_EQ(results[1].ids, (std::vector<int64_t>{4, 5, 6, 7, 8, 9, 10, 11}));
  EXPECT_EQ(results[2].ids, (std::vector<int64_t>{11}));
  EXPECT_EQ(results[3].ids, (std::vector<int64_t>{6, 7}));
  EXPECT_EQ(finished, 4);
  for (const auto& result : results) {
    EXPECT_FALSE(result.truncated);
    EXPECT_EQ(result.logprobs.size(), result.ids.size());
  }
}

TEST(Generator, StopsAtTheLimitAndSaysSo) {
  CountingModel model(50);
  auto options = options_for(0, 8);
  options.max_new_tokens = 2;
  const std::vector<GenerationRequest> requests{{{3}, {kEnd}, 0}, {{9}, {kEnd}, 1}};
  const auto results = generate(model, TinyTokenizer(), requests, options);
  EXPECT_TRUE(results[0].truncated);
  EXPECT_EQ(results[0].ids, (std::vector<int64_t>{4, 5}));
  EXPECT_FALSE(results[1].truncated);
}

TEST(Generator, ARequestDoesNotDependOnItsNeighbours) {
  CountingModel model(1.0);
  std::vector<GenerationRequest> many;
  for (uint64_t i = 0; i < 40; ++i) many.push_back({{static_cast<int64_t>(i % 9)}, {kEnd}, i});
  const auto together = generate(model, TinyTokenizer(), many, options_for(1, 16));
  for (size_t i : {0UL, 7UL, 39UL}) {
    const auto alone = generate(model, TinyTokenizer(), std::span(&many[i], 1), options_for(1, 1));
    EXPECT_EQ(alone[0].ids, together[i].ids) << i;
  }
  EXPECT_NE(together[0].ids, together[9].ids) << "equal prompts, other sample numbers";
}

TEST(Generator, FinishedRowsLeaveTheBatch) {
  CountingModel model(50);
  std::vector<GenerationRequest> requests(15, {{10}, {kEnd}, 0});  // end after one token
  requests.push_back({{1}, {kEnd}, 1});                            // ends after ten
  generate(model, TinyTokenizer(), requests, options_for(0, 16));
  EXPECT_EQ(model.widest, 16);
  EXPECT_EQ(model.rows_decoded, 16 + 9) << "one wide prefill, then the survivor alone";
}

TEST(Generator, RefusesAnEmptyPrompt) {
  CountingModel model(50);
  const std::vector<GenerationRequest> requests{{{}, {kEnd}, 0}};
  EXPECT_THROW(generate(model, TinyTokenizer(), requests, options_for(0, 8)), Error);
}

}  // namespace
}  // namespace kd::core
