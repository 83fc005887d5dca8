// Metrics of the evaluate stage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kd/value.h"

namespace kd {

// What the evaluate stage must produce for each row before the metric can judge it.
struct MetricNeeds {
  int64_t samples = 0;     // completions generated for each prompt; 0: none
  double temperature = 0;  // 0: greedy
  double top_p = 1;
  int64_t max_new_tokens = 256;
  bool scores = false;  // log-probabilities of the row's own completion
};

struct EvaluatedRow {
  const Row* row = nullptr;
  std::vector<std::string> completions;  // `samples` texts
  std::vector<bool> truncated;           // ended at max_new_tokens
  std::vector<double> logprobs;          // raw, one for each completion token of the row (nats)
};

struct MetricValue {
  std::string name;  // "pass@1"
  double value = 0;
  int64_t n = 0;                // what it was averaged over
  std::vector<double> per_row;  // for paired intervals; empty when it is no mean over rows
  bool diagnostic = false;      // kept in results.json, left out of the table at the end
};

// Pure. [main]
class Metric {
 public:
  static constexpr const char* kKind = "metric";
  virtual ~Metric();
  virtual MetricNeeds needs() const = 0;
  virtual std::vector<MetricValue> evaluate(const std::vector<EvaluatedRow>& rows) const = 0;
};

}  // namespace kd
