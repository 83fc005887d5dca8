#include "kd/plugin.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kd/data.h"
#include "kd/error.h"
#include "kd/log.h"
#include "problem_set.h"

namespace kd::arithmetic {
namespace {

struct ArithmeticParams {
  int64_t count = 4096;
  int64_t validation_count = 512;
  int64_t test_count = 2000;
  int64_t seed = 1;
  int64_t level = 3;
  std::string operation = "add";

  static Params<ArithmeticParams> params() {
    Params<ArithmeticParams> p;
    p.add("count", &ArithmeticParams::count, "rows of split train").range(1, 10'000'000);
    p.add("validation_count", &ArithmeticParams::validation_count, "rows of split validation")
        .range(1, 1'000'000);
    p.add("test_count", &ArithmeticParams::test_count, "rows of split test").range(1, 1'000'000);
    p.add("seed", &ArithmeticParams::seed, "which problems of a split are drawn").at_least(0);
    p.add("level", &ArithmeticParams::level, "difficulty: numbers have level + 1 digits")
        .range(1, 5);
    p.add("operation", &ArithmeticParams::operation, "what is computed")
        .choices({"add", "subtract", "multiply", "mixed"});
    return p;
  }
};

ProblemSpace space_of(const ArithmeticParams& params) {
  if (params.operation == "add") return {params.level, {Operation::kAdd}};
  if (params.operation == "subtract") return {params.level, {Operation::kSubtract}};
  if (params.operation == "multiply") return {params.level, {Operation::kMultiply}};
  return {params.level, {Operation::kAdd, Operation::kSubtract, Operation::kMultiply}};
}

// Rows are written when they are read. [any]
class ProblemRows : public RowSource {
 public:
  ProblemRows(std::vector<Problem> problems, int64_t size, int64_t level)
      : problems_(std::move(problems)), size_(size), level_(level) {}

  int64_t size() const override { return size_; }

  Row row(int64_t index) const override {
    if (index < 0 || index >= size_) {
      throw Error(ErrorCode::kInternal, cat("row ", index, " of ", size_, " rows"));
    }
    const Problem& problem = problems_[static_cast<size_t>(index) % problems_.size()];
    return {{"id", to_string(problem.operation) + ":" + canonical_name(problem)},
            {"prompt", prompt_of(problem)},
            {"completion", solution_of(problem)},
            {"answer", std::to_string(answer_of(problem))},
            {"operation", to_string(problem.operation)},
            {"level", level_}};
  }

 private:
  std::vector<Problem> problems_;
  int64_t size_;
  int64_t level_;
};

class ArithmeticSource : public DataSource {
 public:
  explicit ArithmeticSource(ArithmeticParams params) : params_(std::move(params)) {}

  std::shared_ptr<const RowSource> split(const std::string& name) override {
    const int64_t count = count_of(name);
    auto problems =
        draw_problems(space_of(params_), name, count, static_cast<uint64_t>(params_.seed));
    const auto there_are = static_cast<int64_t>(problems.size());
    // Practice may repeat; an examination that repeats itself would pretend to be larger than it
    // is.
    const int64_t size = name == "train" ? count : there_are;
    if (there_are < count) {
      log_warning(cat("arithmetic: level ", params_.level, " has ", there_are,
                      " problems in split ", name, ", ", count, " were asked for; ",
                      name == "train" ? "they repeat" : "the split has no more rows"));
    }
    return std::make_shared<ProblemRows>(std::move(problems), size, params_.level);
  }

 private:
  int64_t count_of(const std::string& name) const {
    if (name == "train") return params_.count;
    if (name == "validation") return params_.validation_count;
    if (name == "test") return params_.test_count;
    throw Error(ErrorCode::kUsage, cat("arithmetic has no split '", name, "'"),
                did_you_mean(name, {"train", "validation", "test"}));
  }

  ArithmeticParams params_;
};

void register_all(Registrar& registrar) {
  registrar.add<DataSource, ArithmeticParams>(
      "arithmetic", "arithmetic problems with step-by-step solutions",
      [](const ArithmeticParams& params, const CreateContext&) {
        return std::make_shared<ArithmeticSource>(params);
      },
      {"train", "validation", "test"});
}

}  // namespace
}  // namespace kd::arithmetic

KD_PLUGIN("arithmetic", "0.1.0", kd::arithmetic::register_all)
