#include "kd/plugin.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "jsonl_rows.h"
#include "kd/data.h"
#include "kd/error.h"

namespace kd::jsonl {
namespace {

struct JsonlParams {
  std::filesystem::path path;
  std::vector<std::string> columns;
  int64_t limit = 0;
  std::string on_error = "stop";
  int64_t max_skipped = 100;

  static Params<JsonlParams> params() {
    Params<JsonlParams> p;
    p.add("path", &JsonlParams::path, "a file of one JSON object a line").required();
    p.add("columns", &JsonlParams::columns,
          "keep these columns only, and require them; empty: all");
    p.add("limit", &JsonlParams::limit, "read that many rows at most; 0: all").at_least(0);
    p.add("on_error", &JsonlParams::on_error, "what a bad line does").choices({"stop", "skip"});
    p.add("max_skipped", &JsonlParams::max_skipped, "skip: more bad lines than this are an error")
        .at_least(0);
    return p;
  }
};

class JsonlSource : public DataSource {
 public:
  explicit JsonlSource(JsonlParams params) : params_(std::move(params)) {}

  std::shared_ptr<const RowSource> split(const std::string& name) override {
    if (!name.empty()) {
      throw Error(ErrorCode::kUsage, cat("jsonl has no split '", name, "': a file is one dataset"),
                  "use :split { train = 0.9, test = 0.1 } to divide it");
    }
    ReadOptions options;
    options.columns = params_.columns;
    options.limit = params_.limit;
    options.on_error = params_.on_error == "skip" ? OnError::kSkip : OnError::kStop;
    options.max_skipped = params_.max_skipped;
    return std::make_shared<JsonlRows>(params_.path, std::move(options));
  }

 private:
  JsonlParams params_;
};

void register_all(Registrar& registrar) {
  registrar.add<DataSource, JsonlParams>("jsonl", "rows of a JSON Lines file",
                                         [](const JsonlParams& params, const CreateContext&) {
                                           return std::make_shared<JsonlSource>(params);
                                         });
}

}  // namespace
}  // namespace kd::jsonl

KD_PLUGIN("jsonl", "0.1.0", kd::jsonl::register_all)
