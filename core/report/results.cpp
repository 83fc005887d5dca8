#include "core/report/results.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>
#include <tuple>

#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace {

constexpr double kNormal95 = 1.959964;

double member_number(const Value& value, std::string_view key, double fallback) {
  const Value* found = value.find(key);
  return found && found->is_number() ? found->as_number() : fallback;
}

std::string member_text(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  return found && found->is_string() ? found->as_string() : std::string();
}

std::optional<double> member_optional(const Value& value, std::string_view key) {
  const Value* found = value.find(key);
  if (!found || !found->is_number()) return std::nullopt;
  return found->as_number();
}

std::string fixed(double value, int digits) {
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", digits, value);
  return text;
}

// Rows of one experiment: the same stage family, model and metric over seeds.
struct Cell {
  std::string label;
  std::string model;
  std::string metric;
  std::vector<const Result*> repeats;
};

std::vector<Cell> group_cells(const std::vector<Result>& results) {
  std::vector<Cell> cells;
  std::map<std::tuple<std::string, std::string, std::string>, size_t> index;
  for (const Result& result : results) {
    if (result.diagnostic) continue;
    const std::string label = result.group.empty() ? result.stage : result.group;
    const auto key = std::make_tuple(label, result.model, result.metric);
    auto [it, fresh] = index.try_emplace(key, cells.size());
    if (fresh) cells.push_back({label, result.model, result.metric, {}});
    cells[it->second].repeats.push_back(&result);
  }
  return cells;
}

std::vector<std::string> cell_row(const Cell& cell) {
  double sum = 0;
  for (const Result* r : cell.repeats) sum += r->value;
  const double count = static_cast<double>(cell.repeats.size());
  const double mean = sum / count;
  std::string value = fixed(mean, 4);
  if (cell.repeats.size() > 1) {
    double squares = 0;
    for (const Result* r : cell.repeats) squares += (r->value - mean) * (r->value - mean);
    value += " ± " + fixed(std::sqrt(squares / (count - 1)), 4);
  }
  std::string against;
  const Result& first = *cell.repeats.front();
  if (cell.repeats.size() == 1 && first.difference) {
    against = cat(*first.difference >= 0 ? "+" : "", fixed(*first.difference, 4), " [",
                  fixed(first.interval_low.value_or(0), 4), ", ",
                  fixed(first.interval_high.value_or(0), 4), "] vs ", first.baseline);
  }
  return {cell.label, cell.model, cell.metric, value, std::to_string(first.n), against};
}

// Columns are counted in characters, not bytes: "±" is two bytes wide.
size_t width_of(const std::string& text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U;
  }));
}

}  // namespace

Value to_value(const Result& result) {
  Value::Map map{{"stage", result.stage}, {"model", result.model}, {"metric", result.metric},
                 {"value", result.value}, {"n", result.n},         {"group", result.group},
                 {"seed", result.seed}};
  if (result.diagnostic) map["diagnostic"] = true;
  if (result.difference) {
    map["baseline"] = result.baseline;
    map["difference"] = *result.difference;
    map["interval_low"] = result.interval_low.value_or(*result.difference);
    map["interval_high"] = result.interval_high.value_or(*result.difference);
  }
  return Value(std::move(map));
}

Result result_from_value(const Value& value) {
  Result result;
  result.stage = member_text(value, "stage");
  result.model = member_text(value, "model");
  result.metric = member_text(value, "metric");
  result.value = member_number(value, "value", std::nan(""));
  result.n = static_cast<int64_t>(member_number(value, "n", 0));
  result.group = member_text(value, "group");
  result.seed = static_cast<int64_t>(member_number(value, "seed", 0));
  result.diagnostic = value.find("diagnostic") != nullptr;
  result.baseline = member_text(value, "baseline");
  result.difference = member_optional(value, "difference");
  result.interval_low = member_optional(value, "interval_low");
  result.interval_high = member_optional(value, "interval_high");
  return result;
}

void write_results(const std::filesystem::path& file, const std::vector<Result>& results) {
  Value::List list;
  for (const Result& result : results) list.push_back(to_value(result));
  write_file_atomically(file, to_json(Value(Value::Map{{"results", std::move(list)}}), 2) + "\n");
}

std::string results_table(const std::vector<Result>& results) {
  std::vector<std::vector<std::string>> rows{
      {"stage", "model", "metric", "value", "n", "difference [95 %]"}};
  bool compared = false;
  for (const Cell& cell : group_cells(results)) {
    rows.push_back(cell_row(cell));
    compared = compared || !rows.back().back().empty();
  }
  if (!compared) {
    for (auto& row : rows) row.pop_back();
  }
  std::vector<size_t> widths(rows.front().size(), 0);
  for (const auto& row : rows) {
    for (size_t c = 0; c < row.size(); ++c) widths[c] = std::max(widths[c], width_of(row[c]));
  }
  std::string out;
  for (const auto& row : rows) {
    std::string text;
    for (size_t c = 0; c < row.size(); ++c) {
      text += row[c] + std::string(widths[c] - width_of(row[c]) + 2, ' ');
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + "\n";
  }
  return out;
}

PairedDifference paired_difference(const std::vector<double>& a, const std::vector<double>& b) {
  if (a.size() != b.size() || a.empty()) {
    throw Error(ErrorCode::kInternal,
                cat("paired values of unequal length: ", a.size(), " and ", b.size()));
  }
  const auto n = static_cast<double>(a.size());
  double mean = 0;
  for (size_t i = 0; i < a.size(); ++i) mean += (a[i] - b[i]) / n;
  double squares = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double deviation = a[i] - b[i] - mean;
    squares += deviation * deviation;
  }
  const double error = n > 1 ? std::sqrt(squares / (n - 1) / n) : 0;
  return {mean, mean - kNormal95 * error, mean + kNormal95 * error};
}

}  // namespace kd::core
