#include "core/pipeline/pipeline.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "kd/data.h"
#include "kd/error.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

struct NumbersParams {
  int64_t count = 3;
  static Params<NumbersParams> params() {
    Params<NumbersParams> p;
    p.add("count", &NumbersParams::count, "rows");
    return p;
  }
};

class Numbers : public DataSource {
 public:
  explicit Numbers(int64_t count) : count_(count) {}
  std::shared_ptr<const RowSource> split(const std::string&) override {
    std::vector<Row> rows;
    for (int64_t i = 0; i < count_; ++i) rows.push_back({{"n", i}});
    return std::make_shared<MemoryRows>(std::move(rows));
  }

 private:
  int64_t count_;
};

// A recipe's function: adds `increment` to n and counts its calls; drops the row where n is 1.
class AddTo : public Callable {
 public:
  AddTo(int64_t increment, int* calls) : increment_(increment), calls_(calls) {}
  std::string fingerprint() const override { return "add " + std::to_string(increment_); }
  Value call(const std::vector<Value>& arguments) const override {
    ++*calls_;
    Row row = arguments.at(0).as_map();
    if (row["n"].as_integer() == 1) return Value();
    row["n"] = row["n"].as_integer() + increment_;
    return Value(std::move(row));
  }

 private:
  int64_t increment_;
  int* calls_;
};

class PipelineTest : public testing::Test {
 protected:
  PipelineTest() : registry_({}) {
    registry_.builtins().add<DataSource, NumbersParams>(
        "numbers", "0, 1, 2, …", [](const NumbersParams& p, const CreateContext&) {
          return std::make_shared<Numbers>(p.count);
        });
    root_ = fs::temp_directory_path() / ("kd_pipeline_" + std::to_string(::getpid()));
    fs::remove_all(root_);
  }
  ~PipelineTest() override { fs::remove_all(root_); }

  static Value numbers(int64_t count) {
    auto component = std::make_shared<ComponentHandle>();
    component->kind = DataSource::kKind;
    component->name = "numbers";
    component->params = {{"count", count}};
    auto handle = std::make_shared<DatasetHandle>();
    handle->source = component;
    return Value(std::shared_ptr<const DatasetHandle>(handle));
  }

  StageCall transform(const std::string& name, Value data, int64_t increment) {
    StageCall call;
    call.type = "transform";
    call.name = name;
    call.items = {std::move(data), Value(std::make_shared<AddTo>(increment, &calls_))};
    call.where = {"test.lua", 7};
    return call;
  }

  Pipeline pipeline(uint64_t seed = 0) {
    return Pipeline(registry_, seed, RunDirectory::open(root_));
  }

  Registry registry_;
  fs::path root_;
  int calls_ = 0;
};

std::vector<int64_t> column_n(const RowSource& rows) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < rows.size(); ++i) out.push_back(rows.row(i).at("n").as_integer());
  return out;
}

TEST_F(PipelineTest, RunsAStageAndLeavesItsDataset) {
  Pipeline p = pipeline();
  const StageResult result = p.call(transform("shift", numbers(4), 10), Pass::kRun);
  EXPECT_TRUE(result.known);
  EXPECT_EQ(result.results.at("rows").as_integer(), 3);
  EXPECT_EQ(result.results.at("dropped").as_integer(), 1);
  EXPECT_EQ(column_n(*p.stage("shift", "data")), (std::vector<int64_t>{10, 12, 13}));
  EXPECT_TRUE(fs::is_symlink(root_ / "stages" / "shift"));
}

TEST_F(PipelineTest, ThePlanPassComputesNothing) {
  Pipeline p(registry_, 0);
  const StageResult result = p.call(transform("shift", numbers(4), 10), Pass::kPlan);
  EXPECT_FALSE(result.known);
  EXPECT_EQ(calls_, 0);
  EXPECT_FALSE(fs::exists(root_));
  EXPECT_TRUE(result.outputs.at("data").object_as<DatasetHandle>());
}

TEST_F(PipelineTest, AFinishedStageIsReusedWithItsResults) {
  pipeline().call(transform("shift", numbers(4), 10), Pass::kRun);
  const int calls = calls_;
  Pipeline again = pipeline();
  const StageResult result = again.call(transform("shift", numbers(4), 10), Pass::kRun);
  EXPECT_EQ(calls_, calls);
  EXPECT_EQ(result.results.at("rows").as_integer(), 3);
  EXPECT_EQ(column_n(*again.stage("shift", "data")), (std::vector<int64_t>{10, 12, 13}));
}

TEST_F(PipelineTest, AKeyFollowsWhatTheStageDependsOn) {
  const auto key = [&](const StageCall& call, uint64_t seed = 0) {
    Pipeline p(registry_, seed);
    p.call(call, Pass::kPlan);
    return p.key(call.name);
  };
  const std::string base = key(transform("a", numbers(4), 10));
  EXPECT_EQ(base, key(transform("a", numbers(4), 10)));
  EXPECT_NE(base, key(transform("a", numbers(5), 10))) << "its input's parameters";
  EXPECT_NE(base, key(transform("a", numbers(4), 11))) << "its function";
  EXPECT_NE(base, key(transform("b", numbers(4), 10))) << "its name";
  EXPECT_NE(base, key(transform("a", numbers(4), 10), 1)) << "the run's seed";
  StageCall moved = transform("a", numbers(4), 10);
  moved.where.line = 99;
  EXPECT_EQ(base, key(moved)) << "not its place in the recipe";
}

TEST_F(PipelineTest, AChangeUpstreamReachesStagesDownstream) {
  const auto keys = [&](int64_t increment) {
    Pipeline p(registry_, 0);
    const StageResult first = p.call(transform("first", numbers(4), increment), Pass::kPlan);
    p.call(transform("second", first.outputs.at("data"), 1), Pass::kPlan);
    return p.key("second");
  };
  EXPECT_EQ(keys(10), keys(10));
  EXPECT_NE(keys(10), keys(11));
}

TEST_F(PipelineTest, AnInterruptedStageRunsAgain) {
  {
    Pipeline p = pipeline();
    p.call(transform("shift", numbers(4), 10), Pass::kRun);
    fs::remove(root_ / "stages" / "shift" / "stage.json");  // written last
  }
  const int calls = calls_;
  Pipeline again = pipeline();
  again.call(transform("shift", numbers(4), 10), Pass::kRun);
  EXPECT_EQ(calls_, 2 * calls);
}

TEST_F(PipelineTest, RefusesWhatIsNoDataset) {
  StageCall call = transform("shift", Value("no dataset"), 10);
  Pipeline p(registry_, 0);
  EXPECT_THROW(p.call(call, Pass::kPlan), Error);
}

TEST_F(PipelineTest, RefusesAResultOfAStageThatWasNotCalled) {
  StageCall other;
  other.name = "later";
  StageCall call = transform("shift", stage_dataset(other, "data"), 10);
  try {
    pipeline().call(call, Pass::kRun);
    FAIL() << "the stage behind the dataset has not run";
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(), "the stage 'later' has not been called yet");
  }
}

}  // namespace
}  // namespace kd::core
