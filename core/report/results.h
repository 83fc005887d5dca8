// Measured results of a run: results.json, and the table people read at the end.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "kd/value.h"

namespace kd::core {

// One measured number.
struct Result {
  std::string stage;
  std::string model;
  std::string metric;
  double value = 0;
  int64_t n = 0;      // what it is a mean over
  std::string group;  // rows with the same group are repetitions of one experiment
  int64_t seed = 0;
  bool diagnostic = false;  // not shown in the table
  // Paired comparison with the stage's baseline model: difference and its 95 % interval.
  std::string baseline;
  std::optional<double> difference;
  std::optional<double> interval_low;
  std::optional<double> interval_high;
};

Value to_value(const Result& result);
Result result_from_value(const Value& value);

// Writes {"results": [...]} atomically.
void write_results(const std::filesystem::path& file, const std::vector<Result>& results);

// A text table: one line a model and metric, spread over seeds where a group repeats.
std::string results_table(const std::vector<Result>& results);

// Mean difference of paired values a-b and its normal 95 % interval, by the rows' own spread.
struct PairedDifference {
  double mean = 0;
  double low = 0;
  double high = 0;
};
PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b);

}  // namespace kd::core
