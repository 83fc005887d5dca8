#include "core/generate/generate_stage.h"

#include <numeric>

#include "core/generate/completions.h"
#include "kd/error.h"

namespace kd::core {
namespace {

struct GenerateParams {
  ModelRef model;
  std::shared_ptr<const DatasetHandle> prompts;
  int64_t samples = 1;
  double temperature = 1.0;
  int64_t top_k = 0;
  double top_p = 1.0;
  double min_p = 0.0;
  int64_t max_new_tokens = 256;
  int64_t batch = 256;
  int64_t seed = 0;

  static Params<GenerateParams> params() {
    using G = GenerateParams;
    Params<G> p;
    p.add("model", &G::model, "the model that writes").required();
    p.add("prompts", &G::prompts, "rows with a prompt (or messages)").required();
    p.add("samples", &G::samples, "completions for each prompt").at_least(1);
    p.add("temperature", &G::temperature, "divides the logits; 0 is greedy").at_least(0);
    p.add("top_k", &G::top_k, "keep the k most likely tokens; 0 is all").at_least(0);
    p.add("top_p", &G::top_p, "keep the likeliest tokens up to this mass").range(0, 1);
    p.add("min_p", &G::min_p, "drop tokens less likely than this share of the likeliest")
        .range(0, 1);
    p.add("max_new_tokens", &G::max_new_tokens, "longest completion").at_least(1).unit("tokens");
    p.add("batch", &G::batch, "sequences decoded together").at_least(1);
    p.add("seed", &G::seed, "another number draws other samples");
    return p;
  }
};

// The prompt's row with the completion and where it comes from. The row's own completion, a
// reference solution, moves aside.
Row completed_row(Row row, const RowCompletion& completion, const GenerateParams& params,
                  const std::string& teacher) {
  if (auto own = row.find("completion"); own != row.end()) {
    row["reference_completion"] = std::move(own->second);
  }
  const auto& logprobs = completion.generation.logprobs;
  row["completion"] = completion.text;
  row["sample"] = completion.sample;
  row["teacher"] = teacher;
  row["temperature"] = params.temperature;
  row["truncated"] = completion.generation.truncated;
  row["n_tokens"] = static_cast<int64_t>(completion.generation.ids.size());
  row["logprob"] = std::accumulate(logprobs.begin(), logprobs.end(), 0.0);
  return row;
}

class GenerateStage : public Stage {
 public:
  StageType type() const override {
    return {"generate",
            "let a model write completions",
            GenerateParams::params().schema(),
            {{"data", "dataset"}}};
  }

  Value::Map outputs(const StageCall& call) const override {
    return {{"data", stage_dataset(call, "data")}};
  }

  void check(const StageCall& /*call*/, Registry& /*registry*/) const override {}

  Value::Map run(const StageCall& call, StageContext& context) const override {
    const GenerateParams params = GenerateParams::params().parse(call.options);
    auto handle = std::dynamic_pointer_cast<const ModelHandle>(params.model.handle);
    const LoadedModel model = context.instances().model(*handle);
    const auto rows = context.rows(*params.prompts);
    GeneratorOptions options;
    options.sampling = {params.temperature, params.top_k, params.top_p, params.min_p};
    options.max_new_tokens = params.max_new_tokens;
    options.batch = params.batch;
    options.run_seed = context.run_seed();
    options.stage = cat(call.name, "#", params.seed);
    const auto completions = complete_rows(model, *rows, params.samples, options, call.name);
    std::vector<Row> out;
    out.reserve(completions.size());
    int64_t tokens = 0;
    int64_t truncated = 0;
    for (const RowCompletion& completion : completions) {
      out.push_back(completed_row(rows->row(completion.row), completion, params, model.label));
      tokens += static_cast<int64_t>(completion.generation.ids.size());
      truncated += completion.generation.truncated ? 1 : 0;
    }
    write_dataset(context.folder(), "data", out);
    return {
        {"rows", static_cast<int64_t>(out.size())}, {"tokens", tokens}, {"truncated", truncated}};
  }
};

}  // namespace

std::unique_ptr<Stage> make_generate_stage() { return std::make_unique<GenerateStage>(); }

}  // namespace kd::core
