#include <ATen/TensorOperators.h>
#include <ATen/ops/tensor.h>
#include <ATen/ops/zeros.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

#include "core/plugin/check.h"
#include "core/plugin/registry.h"
#include "kd/error.h"
#include "kd/objective.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// What the template's compute() sees: one row of two tokens, the second of which is not counted.
class OneRow : public ObjectiveContext {
 public:
  const at::Tensor& column(std::string_view name) const override {
    return require_tensor(tensors, name);
  }
  const at::Tensor& output(std::string_view want) const override {
    return require_tensor(tensors, want);
  }
  const LazyLogits& logits(std::string_view) const override { throw std::logic_error("unused"); }
  int64_t step() const override { return 0; }
  int64_t total_steps() const override { return 1; }
  RandomStream random(std::string_view) const override { return RandomStream(StreamKey{}); }
  void observe(std::string_view, const at::Tensor&, double) override {}

  TensorMap tensors{
      {"labels", at::tensor({5, -100}, at::kLong).view({1, 2})},
      {"student.hidden.1",
       at::tensor({1.0, 2.0, 9.0, 9.0}, at::kFloat).view({1, 2, 2}).set_requires_grad(true)},
      {"teacher.hidden.2", at::zeros({1, 2, 2})}};
};

class Teacher : public Object {
  std::string type_name() const override { return "model"; }
};

class SdkTemplate : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::string pattern = (fs::temp_directory_path() / "kd_template_XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    const std::string prefix = (root_ / "prefix").string(), build = (root_ / "build").string();
    run("cmake --install " + variable("KD_BUILD_DIR") + " --component sdk --prefix " + prefix);
    fs::copy(variable("KD_SOURCE_DIR") + "/sdk/template", root_ / "source");
    const std::string sanitize = variable("KD_TEMPLATE_SANITIZE");
    run("cmake -S " + (root_ / "source").string() + " -B " + build + " -G Ninja" +
        " -DCMAKE_PREFIX_PATH=" + prefix + " -DKD_TORCH=" + variable("KD_TORCH_FOLDER") +
        " -DCMAKE_BUILD_TYPE=" + variable("KD_TEMPLATE_BUILD_TYPE") +
        (sanitize.empty() ? "" : " -DCMAKE_CXX_FLAGS=-fsanitize=" + sanitize));
    run("cmake --build " + build);
  }
  static void TearDownTestSuite() { fs::remove_all(root_); }

  static void run(const std::string& command) {
    const std::string log = (root_ / "log").string();
    if (std::system((command + " > " + log + " 2>&1").c_str()) == 0) return;
    FAIL() << command << "\n" << read_text_file(log);
  }

  static fs::path root_;
};

fs::path SdkTemplate::root_;

TEST_F(SdkTemplate, BuildsOutsideTheTreeAndPassesTheCheck) {
  const PluginCheck check = check_plugin(root_ / "build" / "plugins" / "hidden_match");
  EXPECT_TRUE(check.ok) << check.problem;
  EXPECT_EQ(to_text(check), "plugin hidden_match 0.1.0: ok, brings objective.hidden_match\n");
}

TEST_F(SdkTemplate, ComputesItsFormula) {
  Registry registry({root_ / "build" / "plugins"});
  const ComponentInfo* info = registry.find("objective", "hidden_match");
  ASSERT_NE(info, nullptr);
  const auto params = info->schema.resolve_or_throw(
      {{"teacher", std::make_shared<Teacher>()}, {"student_layer", 1}, {"teacher_layer", 2}}, "");
  const CreateContext context{RandomStream(StreamKey{}), c10::Device(c10::kCPU), at::kFloat};
  const auto objective = registry.create_as<Objective>("hidden_match", params, context);
  EXPECT_EQ(objective->wants(), (std::vector<std::string>{"student.hidden.1", "teacher.hidden.2"}));
  OneRow row;
  const auto sums = objective->compute(row);
  ASSERT_EQ(sums.size(), 1u);
  EXPECT_EQ(sums[0].value.item<double>(), (1 * 1 + 2 * 2) / 2.0);
  sums[0].value.backward();
  EXPECT_TRUE(row.tensors.at("student.hidden.1")
                  .grad()
                  .flatten()
                  .equal(at::tensor({1.0, 2.0, 0.0, 0.0}, at::kFloat)));
  EXPECT_EQ(objective->counts({{"labels", row.tensors.at("labels")}}).at("match"), 1);
}

}  // namespace
}  // namespace kd::core
