// The train stage with a real model: what must not depend on micro-batches, on luck, or on order.
#include <ATen/core/Tensor.h>
#include <ATen/ops/equal.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "core/pipeline/pipeline.h"
#include "core/train/engine_components.h"
#include "kd/data.h"
#include "kd/error.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

// Prompts and completions of very unequal lengths; rejected ones for pairs.
class Unequal : public DataSource {
 public:
  explicit Unequal(bool pairs) : pairs_(pairs) {}
  std::shared_ptr<const RowSource> split(const std::string&) override {
    std::vector<Row> rows;
    for (int i = 0; i < 8; ++i) {
      const std::string digits(static_cast<size_t>(1 + i * i % 11), static_cast<char>('0' + i));
      Row row{{"prompt", "p" + std::to_string(i) + "="}};
      row[pairs_ ? "chosen" : "completion"] = digits;
      if (pairs_) row["rejected"] = "9" + digits + "9";
      rows.push_back(std::move(row));
    }
    return std::make_shared<MemoryRows>(std::move(rows));
  }

 private:
  bool pairs_;
};

struct UnequalParams {
  bool pairs = false;
  static Params<UnequalParams> params() {
    Params<UnequalParams> p;
    p.add("pairs", &UnequalParams::pairs, "chosen and rejected");
    return p;
  }
};

class TrainStageTest : public testing::Test {
 protected:
  TrainStageTest() : registry_({fs::path(std::getenv("KD_BUILD_DIR")) / "plugins"}) {
    register_engine_components(registry_.builtins());
    registry_.builtins().add<DataSource, UnequalParams>(
        "unequal", "rows of unequal lengths", [](const UnequalParams& p, const CreateContext&) {
          return std::make_shared<Unequal>(p.pairs);
        });
    root_ = fs::temp_directory_path() / ("kd_train_" + std::to_string(::getpid()));
    fs::remove_all(root_);
  }
  ~TrainStageTest() override { fs::remove_all(root_); }

  ComponentPtr component(const std::string& kind, const std::string& name, Value::Map given) {
    const ComponentInfo* info = registry_.find(kind, name);
    EXPECT_NE(info, nullptr) << kind << "." << name;
    auto handle = std::make_shared<ComponentHandle>();
    handle->kind = kind;
    handle->name = name;
    handle->params = info->schema.resolve_or_throw(given, name);
    if (kind == "model") {
      // The recipe layer leaves out what a model was not given.
      if (given.find("path") == given.end()) handle->params.erase("path");
    }
    return handle;
  }

  Value model(const std::string& alphabet, int64_t hidden) {
    auto tokenizer = component("tokenizer", "characters", {{"alphabet", alphabet}});
    auto handle = std::make_shared<ModelHandle>();
    handle->component =
        component("model", "causal_lm",
                  {{"config", Value::Map{{"layers", 2}, {"hidden", hidden}, {"heads", 2}}},
                   {"tokenizer", Value(tokenizer)}});
    return Value(std::shared_ptr<const ModelHandle>(handle));
  }

  Value data(bool pairs) {
    auto handle = std::make_shared<DatasetHandle>();
    handle->source = component("data", "unequal", {{"pairs", pairs}});
    return Value(std::shared_ptr<const DatasetHandle>(handle));
  }

  Value objective(std::vector<std::pair<double, ComponentPtr>> parts) {
    auto handle = std::make_shared<ObjectiveHandle>();
    for (auto& [coefficient, part] : parts) handle->parts.push_back({coefficient, part});
    return Value(std::shared_ptr<const ObjectiveHandle>(handle));
  }

  StageCall train(Value objective_handle, bool pairs, int64_t micro_batch, int64_t steps = 3) {
    StageCall call;
    call.type = "train";
    call.name = "t";
    Value::Map given{{"student", model(kAlphabet, 16)},
                     {"data", data(pairs)},
                     {"objective", std::move(objective_handle)},
                     {"optimizer", Value(component("optimizer", "adamw", {{"lr", 1e-2}}))},
                     {"batch", 8},
                     {"micro_batch", micro_batch},
                     {"steps", steps}};
    const Pipeline types(registry_, 0);
    for (const StageType& type : types.stage_types()) {
      if (type.type == "train") call.options = type.schema.resolve_or_throw(given, "train");
    }
    return call;
  }

  // Weights after training, in a run directory of its own.
  TensorMap trained(const StageCall& call, const std::string& run, uint64_t seed = 0) {
    Pipeline pipeline(registry_, seed, RunDirectory::open(root_ / run));
    pipeline.call(call, Pass::kRun);
    return read_safetensors(pipeline.model_folder("t", "student") / "model.safetensors").tensors;
  }

  static constexpr const char* kAlphabet = "0123456789p=";
  Registry registry_;
  fs::path root_;
};

double largest_difference(const TensorMap& a, const TensorMap& b) {
  double largest = 0;
  for (const auto& [name, tensor] : a) {
    const at::Tensor other = b.at(name);
    largest = std::max(largest, tensor.sub(other).abs().max().item<double>());
  }
  return largest;
}

TEST_F(TrainStageTest, MicroBatchesChangeNothingButRounding) {
  // Two terms of different units: a mean of micro-batch means would differ in both.
  const auto make = [&] {
    return objective(
        {{0.9, component("objective", "redi", {})}, {0.1, component("objective", "simpo", {})}});
  };
  const TensorMap whole = trained(train(make(), true, 0), "whole");
  EXPECT_LT(largest_difference(whole, trained(train(make(), true, 4), "four")), 2e-4);
  EXPECT_LT(largest_difference(whole, trained(train(make(), true, 1), "one")), 2e-4);
  const auto ce = [&] { return objective({{1.0, component("objective", "cross_entropy", {})}}); };
  const TensorMap tokens = trained(train(ce(), false, 0), "tokens");
  EXPECT_LT(largest_difference(tokens, trained(train(ce(), false, 1), "tokens_one")), 2e-4);
}

TEST_F(TrainStageTest, RepeatsBitByBitAndFollowsTheSeed) {
  const auto call = [&] {
    return train(objective({{1.0, component("objective", "cross_entropy", {})}}), false, 0);
  };
  const TensorMap first = trained(call(), "a");
  EXPECT_EQ(largest_difference(first, trained(call(), "b")), 0);
  EXPECT_GT(largest_difference(first, trained(call(), "c", 1)), 1e-3);
}

TEST_F(TrainStageTest, LearnsItsData) {
  Pipeline pipeline(registry_, 0, RunDirectory::open(root_ / "learn"));
  const StageResult result = pipeline.call(
      train(objective({{1.0, component("objective", "cross_entropy", {})}}), false, 0, 80),
      Pass::kRun);
  EXPECT_GT(result.results.at("first_loss").as_number(), 2.0);
  EXPECT_LT(result.results.at("last_loss").as_number(), 0.6);
}

TEST_F(TrainStageTest, ATeacherWithAnotherTokenizerIsRefused) {
  const Value teacher = model("=p9876543210", 16);
  const StageCall call =
      train(objective({{1.0, component("objective", "kl", {{"teacher", teacher}})}}), false, 0);
  try {
    trained(call, "mismatch");
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("have different tokenizers"), std::string::npos);
    EXPECT_EQ(error.code(), ErrorCode::kUsage);
  }
}

TEST_F(TrainStageTest, TwoModelsInOneRoleAreRefusedBeforeAnythingRuns) {
  const auto kl = [&] { return component("objective", "kl", {{"teacher", model(kAlphabet, 16)}}); };
  const StageCall call = train(objective({{0.5, kl()}, {0.5, kl()}}), false, 0);
  Pipeline pipeline(registry_, 0);
  try {
    pipeline.call(call, Pass::kPlan);
    FAIL();
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("two different models play the teacher"),
              std::string::npos);
  }
}

TEST_F(TrainStageTest, AStudentThatIsItsOwnTeacherHasNothingToLearn) {
  const StageCall call =
      train(objective({{1.0, component("objective", "kl", {{"teacher", model(kAlphabet, 16)}})}}),
            false, 0, 1);
  Pipeline pipeline(registry_, 0, RunDirectory::open(root_ / "self"));
  const StageResult result = pipeline.call(call, Pass::kRun);
  EXPECT_NEAR(result.results.at("last_loss").as_number(), 0, 1e-6)
      << "equal descriptions start from equal weights";
}

}  // namespace
}  // namespace kd::core
