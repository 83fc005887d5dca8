#include "core/evaluate/evaluate_stage.h"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>

#include "core/evaluate/score.h"
#include "core/generate/completions.h"
#include "core/plugin/guard.h"
#include "core/report/results.h"
#include "kd/error.h"
#include "kd/metric.h"

namespace kd::core {
namespace {

struct EvaluateParams {
  ModelRef model;
  Value::Map models;
  std::shared_ptr<const DatasetHandle> data;
  Ref<Metric> metric;
  std::vector<Ref<Metric>> metrics;
  int64_t batch = 256;
  int64_t max_length = 2048;
  int64_t seed = 0;
  std::string baseline;
  std::string group;

  static Params<EvaluateParams> params() {
    using E = EvaluateParams;
    Params<E> p;
    p.add("model", &E::model, "the one model to evaluate");
    p.add("models", &E::models, "or several, by name");
    p.add("data", &E::data, "rows to evaluate on").required();
    p.add("metric", &E::metric, "what to measure");
    p.add("metrics", &E::metrics, "or several of them");
    p.add("batch", &E::batch, "rows or sequences at a time").at_least(1);
    p.add("max_length", &E::max_length, "longest row that is scored").at_least(2).unit("tokens");
    p.add("seed", &E::seed, "seed of the sampled completions, and the seed shown in results");
    p.add("baseline", &E::baseline, "name of the model the others are compared with, row by row");
    p.add("group", &E::group, "name of the experiment that this stage repeats");
    return p;
  }
};

// Models by name, in the order of their names.
std::map<std::string, ModelPtr> models_of(const StageCall& call) {
  std::map<std::string, ModelPtr> models;
  if (auto single = option_as<ModelHandle>(call, "model")) models["model"] = single;
  auto many = call.options.find("models");
  if (many != call.options.end() && many->second.is_map()) {
    for (const auto& [name, value] : many->second.as_map()) {
      models[name] = value.object_as<ModelHandle>();
      if (!models[name]) {
        throw Error(ErrorCode::kUsage,
                    cat("models.", name, " is a ", value.type_name(), ", not a model"));
      }
    }
  }
  return models;
}

// Completions and scores of one model, made once for all metrics that need the same.
class Evidence {
 public:
  Evidence(const LoadedModel& model, const RowSource& rows, const EvaluateParams& params,
           const StageContext& context, std::string label)
      : model_(model), rows_(rows), params_(params), context_(context), label_(std::move(label)) {
    for (int64_t i = 0; i < rows.size(); ++i) originals_.push_back(rows.row(i));
  }

  std::vector<EvaluatedRow> collect(const MetricNeeds& needs) {
    std::vector<EvaluatedRow> out(originals_.size());
    for (size_t i = 0; i < out.size(); ++i) out[i].row = &originals_[i];
    if (needs.samples > 0) {
      for (const RowCompletion& completion : completions(needs)) {
        EvaluatedRow& row = out[static_cast<size_t>(completion.row)];
        row.completions.push_back(completion.text);
        row.truncated.push_back(completion.generation.truncated);
      }
    }
    if (needs.scores) {
      if (!scores_) {
        scores_ = score_rows(model_, rows_, params_.batch, params_.max_length, label_);
      }
      for (size_t i = 0; i < out.size(); ++i) out[i].logprobs = (*scores_)[i];
    }
    return out;
  }

 private:
  using Key = std::tuple<int64_t, double, double, int64_t>;

  const std::vector<RowCompletion>& completions(const MetricNeeds& needs) {
    const Key key{needs.samples, needs.temperature, needs.top_p, needs.max_new_tokens};
    auto it = completions_.find(key);
    if (it != completions_.end()) return it->second;
    GeneratorOptions options;
    options.sampling.temperature = needs.temperature;
    options.sampling.top_p = needs.top_p;
    options.max_new_tokens = needs.max_new_tokens;
    options.batch = params_.batch;
    options.run_seed = context_.run_seed();
    // Every model sees the same randomness, so that differences are paired.
    options.stage = cat("evaluate#", params_.seed);
    return completions_.emplace(key, complete_rows(model_, rows_, needs.samples, options, label_))
        .first->second;
  }

  const LoadedModel& model_;
  const RowSource& rows_;
  const EvaluateParams& params_;
  const StageContext& context_;
  std::string label_;
  std::vector<Row> originals_;
  std::map<Key, std::vector<RowCompletion>> completions_;
  std::optional<std::vector<std::vector<double>>> scores_;
};

struct Measured {
  std::string model;
  MetricValue value;
};

void add_comparisons(std::vector<Measured>& measured, const std::string& baseline,
                     std::vector<Result>& results) {
  for (size_t i = 0; i < measured.size(); ++i) {
    if (measured[i].model == baseline || measured[i].value.per_row.empty()) continue;
    auto base = std::find_if(measured.begin(), measured.end(), [&](const Measured& other) {
      return other.model == baseline && other.value.name == measured[i].value.name;
    });
    if (base == measured.end() || base->value.per_row.size() != measured[i].value.per_row.size()) {
      continue;
    }
    const PairedDifference d = paired_difference(measured[i].value.per_row, base->value.per_row);
    results[i].baseline = baseline;
    results[i].difference = d.mean;
    results[i].interval_low = d.low;
    results[i].interval_high = d.high;
  }
}

class EvaluateStage : public Stage {
 public:
  StageType type() const override {
    return {"evaluate", "measure models on held-out rows", EvaluateParams::params().schema(), {}};
  }

  Value::Map outputs(const StageCall& /*call*/) const override { return {}; }

  void check(const StageCall& call, Registry& /*registry*/) const override {
    const auto models = models_of(call);
    if (models.empty()) {
      throw Error(ErrorCode::kUsage, "there is no model to evaluate",
                  "give model = … or models = { name = …, … }");
    }
    const auto given = [&](std::string_view key) {
      auto it = call.options.find(key);
      return it != call.options.end() && !it->second.is_nil();
    };
    if (!given("metric") && !given("metrics")) {
      throw Error(ErrorCode::kUsage, "there is nothing to measure",
                  "give metric = kd.metric.… {} or metrics = { …, … }");
    }
    auto baseline = call.options.find("baseline");
    if (baseline != call.options.end() && !baseline->second.as_string().empty() &&
        models.find(baseline->second.as_string()) == models.end()) {
      std::vector<std::string> names;
      for (const auto& [name, model] : models) names.push_back(name);
      throw Error(ErrorCode::kUsage,
                  cat("the baseline '", baseline->second.as_string(), "' is none of the models"),
                  did_you_mean(baseline->second.as_string(), names));
    }
  }

  Value::Map run(const StageCall& call, StageContext& context) const override {
    const auto declared = EvaluateParams::params();
    EvaluateParams params =
        declared.parse(context.instances().prepare(declared.schema(), call.options));
    if (params.metric) params.metrics.push_back(params.metric);
    const auto rows = context.rows(*params.data);
    std::vector<Measured> measured;
    for (const auto& [name, handle] : models_of(call)) {
      const LoadedModel model = context.instances().model(*handle);
      Evidence evidence(model, *rows, params, context, cat(call.name, " ", name));
      for (const auto& metric : params.metrics) {
        const auto evaluated = evidence.collect(metric->needs());
        for (MetricValue& value : guarded("metric", [&] { return metric->evaluate(evaluated); })) {
          measured.push_back({name, std::move(value)});
        }
      }
    }
    return publish(measured, params, context);
  }

 private:
  static Value::Map publish(std::vector<Measured>& measured, const EvaluateParams& params,
                            StageContext& context) {
    std::vector<Result> results;
    for (const Measured& m : measured) {
      Result result;
      result.model = m.model;
      result.metric = m.value.name;
      result.value = m.value.value;
      result.n = m.value.n;
      result.diagnostic = m.value.diagnostic;
      result.group = params.group;
      result.seed = params.seed;
      results.push_back(std::move(result));
    }
    if (!params.baseline.empty()) add_comparisons(measured, params.baseline, results);
    Value::Map out;
    for (Result& result : results) {
      Value& table = out[result.model];
      Value::Map metrics = table.is_map() ? table.as_map() : Value::Map{};
      metrics[result.metric] = result.value;
      table = Value(std::move(metrics));
      context.add_result(std::move(result));
    }
    return out;
  }
};

}  // namespace

std::unique_ptr<Stage> make_evaluate_stage() { return std::make_unique<EvaluateStage>(); }

}  // namespace kd::core
