#include "core/recipe/tests/fakes.h"

#include <unistd.h>

#include <atomic>
#include <fstream>

#include "kd/error.h"
#include "kd/schedule.h"

namespace kd::core::testing {
namespace {

namespace fs = std::filesystem;

ParamSpec param(std::string name, ParamType type, Value initial = {}) {
  ParamSpec spec;
  spec.name = std::move(name);
  spec.type = type;
  spec.default_value = std::move(initial);
  return spec;
}

ParamSpec required(ParamSpec spec) {
  spec.required = true;
  return spec;
}

ParamSpec in_range(ParamSpec spec, double min, double max) {
  spec.min = min;
  spec.max = max;
  return spec;
}

ParamSpec one_of(ParamSpec spec, std::vector<std::string> choices) {
  spec.choices = std::move(choices);
  return spec;
}

ParamSpec component(std::string name, std::string kind) {
  ParamSpec spec = param(std::move(name), ParamType::kComponent);
  spec.component_kind = std::move(kind);
  return spec;
}

ParamSpec handle(std::string name, std::string kind) {
  ParamSpec spec = component(std::move(name), std::move(kind));
  spec.type = ParamType::kHandle;
  return spec;
}

Schema config_schema() {
  return {{param("layers", ParamType::kInteger, 2), param("hidden", ParamType::kInteger, 64)}};
}

class Ramp : public ScheduleFunction {
 public:
  Ramp(double from, double to) : from_(from), to_(to) {}
  double at(int64_t step, int64_t total) const override {
    return from_ + (to_ - from_) * static_cast<double>(step) / static_cast<double>(total);
  }
  std::string fingerprint() const override { return cat("ramp ", from_, " ", to_); }

 private:
  double from_, to_;
};

StageType stage(std::string type, std::vector<ParamSpec> params,
                std::vector<std::pair<std::string, std::string>> outputs) {
  return {std::move(type), "", {std::move(params)}, std::move(outputs)};
}

}  // namespace

FakeCatalog::FakeCatalog() {
  auto add = [&](const char* kind, const char* name, std::vector<ParamSpec> params,
                 std::vector<std::string> splits = {}) {
    components_[kind][name] = {kind, name, "", {std::move(params)}, std::move(splits)};
  };
  ParamSpec config = param("config", ParamType::kTable);
  config.table = std::make_shared<const Schema>(config_schema());
  add("model", "causal_lm",
      {param("path", ParamType::kPath), config, component("tokenizer", "tokenizer")});
  add("tokenizer", "bytes", {});
  add("objective", "redi",
      {in_range(param("alpha", ParamType::kNumber, 0.8), 0, 1),
       param("chosen_weight", ParamType::kNumber, 1.0)});
  add("objective", "kl",
      {required(param("teacher", ParamType::kModel)),
       param("temperature", ParamType::kSchedule, 1.0),
       one_of(param("direction", ParamType::kString, "forward"), {"forward", "reverse"})});
  add("objective", "cross_entropy", {});
  add("data", "arithmetic",
      {param("count", ParamType::kInteger, 100), param("seed", ParamType::kInteger, 0)},
      {"train", "test"});
  add("data", "jsonl", {required(param("path", ParamType::kPath))});
  add("verify", "math", {});
  add("metric", "pass_at_k", {in_range(param("k", ParamType::kInteger, 1), 1, 100)});
  add("optimizer", "adamw",
      {param("lr", ParamType::kSchedule, 1e-3), param("betas", ParamType::kNumbers)});
  add("schedule", "linear",
      {param("from", ParamType::kNumber, 1.0), param("to", ParamType::kNumber, 0.0)});
}

const ComponentInfo* FakeCatalog::find(const std::string& kind, const std::string& name) {
  const auto& known = components_[kind];
  const auto it = known.find(name);
  return it == known.end() ? nullptr : &it->second;
}

std::vector<std::string> FakeCatalog::names(const std::string& kind) const {
  std::vector<std::string> out;
  if (const auto it = components_.find(kind); it != components_.end()) {
    for (const auto& [name, info] : it->second) out.push_back(name);
  }
  return out;
}

std::vector<std::string> FakeCatalog::kinds() const {
  std::vector<std::string> out;
  for (const auto& [kind, components] : components_) out.push_back(kind);
  return out;
}

std::shared_ptr<void> FakeCatalog::create(const std::string& kind, const std::string& name,
                                          const Value::Map& params, const CreateContext&) {
  if (kind != "schedule") throw Error(ErrorCode::kInternal, cat("cannot make ", kind, ".", name));
  std::shared_ptr<ScheduleFunction> ramp =
      std::make_shared<Ramp>(params.at("from").as_number(), params.at("to").as_number());
  return ramp;
}

FakeHost::FakeHost() {
  types_.push_back(stage(
      "train",
      {required(param("student", ParamType::kModel)), required(param("data", ParamType::kRows)),
       required(handle("objective", "objective")), component("optimizer", "optimizer"),
       in_range(param("epochs", ParamType::kInteger, 1), 1, 1000)},
      {{"student", "model"}}));
  types_.push_back(stage(
      "generate",
      {required(param("model", ParamType::kModel)), required(param("prompts", ParamType::kRows)),
       param("samples", ParamType::kInteger, 1)},
      {{"data", "dataset"}}));
  types_.push_back(stage("transform", {}, {{"data", "dataset"}}));
  types_.push_back(stage("evaluate",
                         {param("models", ParamType::kAny), param("data", ParamType::kRows),
                          component("metric", "metric")},
                         {}));
  types_.push_back(
      stage("show", {param("value", ParamType::kAny), param("f", ParamType::kFunction)}, {}));
}

StageResult FakeHost::call(const StageCall& call, Pass pass) {
  calls.emplace_back(call, pass);
  if (on_call) on_call(call, pass);
  StageResult result;
  for (const StageType& type : types_) {
    if (type.type != call.type) continue;
    for (const auto& [name, kind] : type.outputs) {
      if (kind == "model") {
        auto model = std::make_shared<ModelHandle>();
        model->stage = call.name;
        model->output = name;
        if (auto from = call.options.at("student").object_as<ModelHandle>())
          model->origin = from->origin;
        result.outputs[name] = Value(std::move(model));
      } else {
        auto data = std::make_shared<DatasetHandle>();
        data->op = DatasetHandle::Op::kStage;
        data->stage = call.name;
        data->output = name;
        result.outputs[name] = Value(std::move(data));
      }
    }
  }
  const auto done = finished.find(call.name);
  result.known = pass == Pass::kRun || done != finished.end();
  if (done != finished.end()) result.results = done->second;
  return result;
}

void FakeHost::check_component(const ComponentHandle& component) {
  if (component.name == "jsonl" &&
      component.params.at("path").as_string().find("missing") != std::string::npos) {
    throw Error(ErrorCode::kData, "there is no such file", "check the path");
  }
}

RecipeFolder::RecipeFolder(const std::string& recipe) : before_(fs::current_path()) {
  std::string name = (fs::temp_directory_path() / "kd-recipe-XXXXXX").string();
  if (!mkdtemp(name.data())) throw std::runtime_error("cannot make a temporary folder");
  folder_ = fs::canonical(name);
  fs::current_path(folder_);
  write("recipe.lua", recipe);
  options.path = "recipe.lua";
}

RecipeFolder::~RecipeFolder() {
  fs::current_path(before_);
  fs::remove_all(folder_);
}

void RecipeFolder::write(const std::string& name, const std::string& text) const {
  fs::create_directories((folder_ / name).parent_path());
  std::ofstream(folder_ / name, std::ios::binary) << text;
}

PlanReport RecipeFolder::plan() { return plan_recipe(options, catalog, host); }
void RecipeFolder::run() { run_recipe(options, catalog, host); }
std::string RecipeFolder::problems() { return texts(plan().problems); }

std::string texts(const std::vector<Problem>& problems) {
  std::string out;
  for (const Problem& problem : problems) out += problem.text() + "\n";
  return out;
}

std::string problems_of(const std::string& recipe) { return RecipeFolder(recipe).problems(); }

Value::Map shown(const std::string& recipe) {
  RecipeFolder folder(recipe);
  const PlanReport report = folder.plan();
  require_no_problems(report, "recipe.lua");
  for (const auto& [call, pass] : folder.host.calls) {
    if (call.type == "show") return call.options;
  }
  throw std::runtime_error("the recipe shows nothing");
}

}  // namespace kd::core::testing
