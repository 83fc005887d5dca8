#include "kd/plugin.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "kd/error.h"
#include "kd/log.h"
#include "kd/metric.h"
#include "kd/verifier.h"
#include "pass_at_k.h"

namespace kd::metrics {
namespace {

// Of at least one value.
double mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

struct PassAtKParams {
  int64_t k = 1;
  int64_t samples = 0;
  double temperature = 0;
  double top_p = 1;
  int64_t max_new_tokens = 256;
  Ref<Verifier> verifier;

  static Params<PassAtKParams> params() {
    Params<PassAtKParams> p;
    p.add("k", &PassAtKParams::k, "tries that count").at_least(1);
    p.add("samples", &PassAtKParams::samples, "completions a prompt, at least k; 0: k").at_least(0);
    p.add("temperature", &PassAtKParams::temperature, "of sampling; 0: greedy").at_least(0);
    p.add("top_p", &PassAtKParams::top_p, "sample from the likeliest tokens of this mass")
        .range(1e-6, 1);
    p.add("max_new_tokens", &PassAtKParams::max_new_tokens, "length limit of a completion")
        .at_least(1)
        .unit("tokens");
    p.add("verifier", &PassAtKParams::verifier, "decides whether a completion is right").required();
    return p;
  }
};

// Rows whose own answer cannot be read prove nothing about a model and are left out.
class PassAtK : public Metric {
 public:
  explicit PassAtK(PassAtKParams params) : params_(std::move(params)) {
    if (params_.samples == 0) params_.samples = params_.k;
    if (params_.samples < params_.k) {
      throw Error(ErrorCode::kUsage,
                  cat("pass_at_k: samples = ", params_.samples, " is less than k = ", params_.k));
    }
    if (params_.samples > 1 && params_.temperature == 0) {
      throw Error(ErrorCode::kUsage, "pass_at_k: greedy completions of a prompt are all the same",
                  "set temperature, or samples = 1");
    }
  }

  MetricNeeds needs() const override {
    MetricNeeds needs;
    needs.samples = params_.samples;
    needs.temperature = params_.temperature;
    needs.top_p = params_.top_p;
    needs.max_new_tokens = params_.max_new_tokens;
    return needs;
  }

  std::vector<MetricValue> evaluate(const std::vector<EvaluatedRow>& rows) const override {
    std::vector<double> passes;
    std::vector<double> truncated;
    int64_t unreadable = 0;
    for (const auto& row : rows) {
      const int64_t right = count_right(row);
      if (right < 0) {
        ++unreadable;
        continue;
      }
      passes.push_back(pass_at_k(static_cast<int64_t>(row.completions.size()), right, params_.k));
      truncated.push_back(share_truncated(row));
    }
    if (passes.empty()) {
      throw Error(ErrorCode::kData,
                  cat("pass_at_k: none of ", rows.size(), " rows has an answer that can be read"),
                  "name the column of the answer in the verifier");
    }
    if (unreadable > 0) {
      log_warning(cat("pass_at_k: ", unreadable, " of ", rows.size(),
                      " rows have an answer that cannot be read; they are not counted"));
    }
    const auto n = static_cast<int64_t>(passes.size());
    const double mean_passes = mean(passes);
    const double mean_truncated = mean(truncated);
    return {{cat("pass@", params_.k), mean_passes, n, std::move(passes)},
            {"truncated", mean_truncated, n, std::move(truncated), /*diagnostic=*/true}};
  }

 private:
  // -1: the row's own answer cannot be read.
  int64_t count_right(const EvaluatedRow& row) const {
    if (static_cast<int64_t>(row.completions.size()) < params_.k) {
      throw Error(ErrorCode::kInternal,
                  cat("pass_at_k: ", row.completions.size(), " completions for k = ", params_.k));
    }
    int64_t right = 0;
    for (const auto& completion : row.completions) {
      const Verdict verdict = params_.verifier->verify(*row.row, completion);
      if (verdict.state == VerdictState::kUnparsableReference) return -1;
      right += verdict.state == VerdictState::kOk ? 1 : 0;
    }
    return right;
  }

  static double share_truncated(const EvaluatedRow& row) {
    if (row.truncated.empty()) return 0;
    const auto cut = std::count(row.truncated.begin(), row.truncated.end(), true);
    return static_cast<double>(cut) / static_cast<double>(row.truncated.size());
  }

  PassAtKParams params_;
};

// exp of the mean negative log-probability of all completion tokens, and that mean in nats.
class Perplexity : public Metric {
 public:
  MetricNeeds needs() const override {
    MetricNeeds needs;
    needs.scores = true;
    return needs;
  }

  std::vector<MetricValue> evaluate(const std::vector<EvaluatedRow>& rows) const override {
    double sum = 0;
    int64_t tokens = 0;
    for (const auto& row : rows) {
      sum -= std::accumulate(row.logprobs.begin(), row.logprobs.end(), 0.0);
      tokens += static_cast<int64_t>(row.logprobs.size());
    }
    if (tokens == 0) {
      throw Error(ErrorCode::kData, "perplexity: no row has a completion to score",
                  "evaluate rows of prompt and completion, messages or text");
    }
    const double nats = sum / static_cast<double>(tokens);
    return {{"perplexity", std::exp(nats), tokens, {}}, {"nats", nats, tokens, {}}};
  }
};

void register_all(Registrar& registrar) {
  registrar.add<Metric, PassAtKParams>("pass_at_k",
                                       "share of problems solved within k tries (unbiased)",
                                       [](const PassAtKParams& params, const CreateContext&) {
                                         return std::make_shared<PassAtK>(params);
                                       });
  registrar.add<Metric, NoParams>(
      "perplexity", "perplexity of the rows' own completions",
      [](const NoParams&, const CreateContext&) { return std::make_shared<Perplexity>(); });
}

}  // namespace
}  // namespace kd::metrics

KD_PLUGIN("metrics", "0.1.0", kd::metrics::register_all)
