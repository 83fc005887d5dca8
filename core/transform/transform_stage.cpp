#include "core/transform/transform_stage.h"

#include <algorithm>
#include <map>

#include "core/plugin/guard.h"
#include "core/report/progress.h"
#include "kd/error.h"
#include "kd/verifier.h"

namespace kd::core {
namespace {

struct TransformParams {
  static Params<TransformParams> params() { return {}; }
};

const std::string& text_column(const Row& row, const std::string& column, int64_t index) {
  auto it = row.find(column);
  if (it == row.end() || !it->second.is_string()) {
    std::vector<std::string> names;
    for (const auto& [name, value] : row) names.push_back(name);
    throw Error(ErrorCode::kData, cat("row ", index, " has no text in the column '", column, "'"),
                cat("columns: ", join(names)));
  }
  return it->second.as_string();
}

// Adds correct, score, verdict and extracted to a row.
void add_verdict(Row& row, const Verdict& verdict) {
  row["correct"] = verdict.state == VerdictState::kOk;
  row["verify_score"] = verdict.score;
  row["verdict"] = to_string(verdict.state);
  row["extracted"] = verdict.extracted;
}

// One step after the dataset: returns the new rows and counts what it saw.
using Step = std::function<std::vector<Row>(std::vector<Row>, std::map<std::string, int64_t>&)>;

Step verify_step(std::shared_ptr<Verifier> verifier, std::string place) {
  return [verifier, place](std::vector<Row> rows, std::map<std::string, int64_t>& counts) {
    for (size_t i = 0; i < rows.size(); ++i) {
      const std::string& text = text_column(rows[i], "completion", static_cast<int64_t>(i));
      const Verdict verdict = guarded(place, [&] { return verifier->verify(rows[i], text); });
      ++counts[to_string(verdict.state)];
      add_verdict(rows[i], verdict);
    }
    return rows;
  };
}

// A function returns the new row, or nil (or false) to drop it.
Step function_step(std::shared_ptr<const Callable> function) {
  return [function](std::vector<Row> rows, std::map<std::string, int64_t>& counts) {
    std::vector<Row> out;
    out.reserve(rows.size());
    for (Row& row : rows) {
      const Value result = function->call({Value(std::move(row))});
      if (result.is_map()) {
        out.push_back(result.as_map());
      } else if (result.is_nil() || (result.is_bool() && !result.as_bool())) {
        ++counts["dropped"];
      } else {
        throw Error(ErrorCode::kUsage,
                    cat("a transform's function returned a ", result.type_name()),
                    "return the row as a table, or nil to drop it");
      }
    }
    return out;
  };
}

class TransformStage : public Stage {
 public:
  StageType type() const override {
    return {"transform",
            "verify or rewrite rows",
            TransformParams::params().schema(),
            {{"data", "dataset"}}};
  }

  Value::Map outputs(const StageCall& call) const override {
    return {{"data", stage_dataset(call, "data")}};
  }

  void check(const StageCall& call, Registry& /*registry*/) const override {
    if (call.items.empty() || !call.items.front().object_as<DatasetHandle>()) {
      throw Error(ErrorCode::kUsage, "a transform starts with a dataset",
                  "write kd.transform \"name\" { data, kd.verify.math {} }");
    }
    for (size_t i = 1; i < call.items.size(); ++i) {
      const Value& item = call.items[i];
      auto component = item.object_as<ComponentHandle>();
      const bool verifier = component && component->kind == Verifier::kKind;
      if (!verifier && !item.object_as<Callable>()) {
        throw Error(ErrorCode::kUsage, cat("a transform's step ", i, " is a ", item.type_name()),
                    "use a verifier (kd.verify.…) or a function(row)");
      }
    }
  }

  Value::Map run(const StageCall& call, StageContext& context) const override {
    const auto source = context.rows(*call.items.front().object_as<DatasetHandle>());
    Progress progress(call.name, source->size(), "rows");
    std::vector<Row> rows;
    rows.reserve(static_cast<size_t>(source->size()));
    for (int64_t i = 0; i < source->size(); ++i) rows.push_back(source->row(i));
    std::map<std::string, int64_t> counts;
    for (size_t i = 1; i < call.items.size(); ++i) {
      rows = make_step(call.items[i], context)(std::move(rows), counts);
    }
    write_dataset(context.folder(), "data", rows);
    Value::Map results{{"rows", static_cast<int64_t>(rows.size())}};
    std::vector<std::string> summary{cat(rows.size(), " rows")};
    for (const auto& [name, count] : counts) {
      results[name] = count;
      summary.push_back(cat(name, " ", count));
    }
    progress.finish(join(summary));
    return results;
  }

 private:
  static Step make_step(const Value& item, StageContext& context) {
    if (auto function = item.object_as<Callable>()) return function_step(function);
    const auto handle = item.object_as<ComponentHandle>();
    return verify_step(std::static_pointer_cast<Verifier>(context.instances().fresh(*handle)),
                       cat("verify.", handle->name));
  }
};

}  // namespace

std::unique_ptr<Stage> make_transform_stage() { return std::make_unique<TransformStage>(); }

}  // namespace kd::core
