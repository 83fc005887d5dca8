#include "core/pipeline/pipeline.h"

#include <chrono>
#include <ctime>

#include "core/pipeline/hash.h"
#include "kd/abi.h"
#include "kd/error.h"
#include "kd/json.h"
#include "kd/log.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace fs = std::filesystem;
namespace {

// Raised when the engine's results change for the same configuration.
constexpr int64_t kEngineEpoch = 1;
constexpr const char* kStageFile = "stage.json";

}  // namespace

// What a stage sees of the pipeline while it runs.
class Pipeline::Context : public StageContext {
 public:
  Context(Pipeline& pipeline, const StageCall& call, fs::path folder)
      : pipeline_(pipeline), call_(call), folder_(std::move(folder)) {}

  const std::string& name() const override { return call_.name; }
  const fs::path& folder() const override { return folder_; }
  uint64_t run_seed() const override { return pipeline_.run_seed_; }
  Instances& instances() override { return pipeline_.instances_; }
  Registry& registry() override { return pipeline_.registry_; }
  std::shared_ptr<const RowSource> rows(const DatasetHandle& dataset) override {
    return materialise(dataset, pipeline_);
  }
  void emit_metric(Value::Map row) override {
    row["stage"] = call_.name;
    pipeline_.run_directory_->append_metric(row);
  }
  void add_result(Result result) override {
    result.stage = call_.name;
    results_.push_back(std::move(result));
  }

  std::vector<Result> take_results() { return std::move(results_); }

 private:
  Pipeline& pipeline_;
  const StageCall& call_;
  fs::path folder_;
  std::vector<Result> results_;
};

Pipeline::Pipeline(Registry& registry, uint64_t run_seed, std::optional<RunDirectory> run_directory)
    : registry_(registry),
      run_seed_(run_seed),
      run_directory_(std::move(run_directory)),
      stages_(builtin_stages()),
      instances_(registry, *this, *this, run_seed) {
  for (const auto& stage : stages_) types_.push_back(stage->type());
}

Pipeline::~Pipeline() = default;

const Stage& Pipeline::stage_of(const std::string& type) const {
  for (size_t i = 0; i < types_.size(); ++i) {
    if (types_[i].type == type) return *stages_[i];
  }
  throw Error(ErrorCode::kInternal, cat("no stage type '", type, "'"));
}

StageResult Pipeline::call(const StageCall& call, Pass pass) {
  const Stage& stage = stage_of(call.type);
  RunDirectory::check_stage_name(call.name);
  if (pass == Pass::kPlan) stage.check(call, registry_);
  const std::string key = compute_key(call);
  keys_[call.name] = key;
  if (pass == Pass::kPlan) {
    StageResult planned;
    planned.outputs = stage.outputs(call);
    return planned;
  }
  if (finished(key)) return reuse(call, key, stage.outputs(call));
  return execute(stage, call, key);
}

void Pipeline::check_component(const ComponentHandle& /*component*/) {}

StageResult Pipeline::execute(const Stage& stage, const StageCall& call, const std::string& key) {
  const fs::path folder = store_folder(key);
  fs::remove_all(folder);  // what an interrupted attempt left is no result
  fs::create_directories(folder);
  link_stage(call.name, key);
  Context context(*this, call, folder);
  const auto start = std::chrono::steady_clock::now();
  StageResult result;
  result.outputs = stage.outputs(call);
  try {
    result.results = stage.run(call, context);
  } catch (Error& error) {
    throw error.add_where(cat(call.where.str(), ": stage ", call.name));
  }
  result.known = true;
  const std::vector<Result> measured = context.take_results();
  Value::List measured_values;
  for (const Result& r : measured) measured_values.push_back(to_value(r));
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  const Value::Map record{{"key", key},
                          {"name", call.name},
                          {"type", call.type},
                          {"where", call.where.str()},
                          {"seconds", seconds},
                          {"results", result.results},
                          {"measured", std::move(measured_values)}};
  write_file_atomically(folder / kStageFile, to_json(Value(record), 2) + "\n");
  results_.insert(results_.end(), measured.begin(), measured.end());
  run_directory_->write_results(results_);
  return result;
}

StageResult Pipeline::reuse(const StageCall& call, const std::string& key, Value::Map outputs) {
  const fs::path file = store_folder(key) / kStageFile;
  const Value record = parse_json(read_text_file(file));
  StageResult result;
  result.outputs = std::move(outputs);
  result.known = true;
  if (const Value* results = record.find("results")) result.results = results->as_map();
  if (const Value* measured = record.find("measured")) {
    for (const Value& value : measured->as_list()) results_.push_back(result_from_value(value));
  }
  link_stage(call.name, key);
  log_info(cat(call.name, ": done before, reused"));
  run_directory_->write_results(results_);
  return result;
}

std::string Pipeline::compute_key(const StageCall& call) const {
  KeySources sources;
  sources.stage_key = [this](const std::string& stage) { return key(stage); };
  sources.component_build = [this](const std::string& kind, const std::string& name) {
    return component_build(kind, name);
  };
  const Value::Map described{
      {"engine", kEngineEpoch},
      {"torch", KD_ABI_TORCH},
      {"seed", static_cast<int64_t>(run_seed_)},
      {"type", call.type},
      {"name", call.name},  // random streams are keyed by it
      {"options", describe_for_key(Value(call.options), sources)},
      {"items", describe_for_key(Value(call.items), sources)},
  };
  return sha256_hex(to_json(Value(described)));
}

// A plugin's build is the hash of its library: a changed plugin re-runs its users and nobody else.
std::string Pipeline::component_build(const std::string& kind, const std::string& name) const {
  const PluginManifest* plugin = registry_.owner(kind, name);
  if (!plugin) return {};
  auto [it, fresh] = builds_.try_emplace(plugin->library.string());
  if (fresh) it->second = plugin->version + "/" + sha256_file(plugin->library).substr(0, 16);
  return it->second;
}

const std::string& Pipeline::key(const std::string& stage) const {
  auto it = keys_.find(stage);
  if (it == keys_.end()) {
    throw Error(ErrorCode::kUsage, cat("the stage '", stage, "' has not been called yet"));
  }
  return it->second;
}

fs::path Pipeline::store_folder(const std::string& key) const {
  if (!run_directory_) throw Error(ErrorCode::kInternal, "there is no run directory yet");
  return run_directory_->root() / "store" / key.substr(0, 24);
}

bool Pipeline::finished(const std::string& key) const {
  return run_directory_ && fs::exists(store_folder(key) / kStageFile);
}

void Pipeline::link_stage(const std::string& name, const std::string& key) const {
  RunDirectory::check_stage_name(name);
  const fs::path link = run_directory_->root() / "stages" / name;
  fs::create_directories(link.parent_path());
  const fs::path target = fs::relative(store_folder(key), link.parent_path());
  const fs::path fresh = link.string() + ".new";
  fs::remove(fresh);
  fs::create_directory_symlink(target, fresh);
  fs::rename(fresh, link);
}

std::shared_ptr<const RowSource> Pipeline::source(const ComponentPtr& component,
                                                  const std::string& split) {
  return instances_.shared<DataSource>(component)->split(split);
}

std::shared_ptr<const RowSource> Pipeline::stage(const std::string& stage,
                                                 const std::string& output) {
  return read_dataset(store_folder(key(stage)), output);
}

fs::path Pipeline::model_folder(const std::string& stage, const std::string& output) {
  return store_folder(key(stage)) / output;
}

}  // namespace kd::core
