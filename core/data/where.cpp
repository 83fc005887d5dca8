#include "core/data/where.h"

#include <algorithm>
#include <set>

#include "core/data/row_views.h"
#include "kd/error.h"

namespace kd::core {
namespace {

bool is_range(const Value& wanted) {
  if (!wanted.is_map()) return false;
  const auto& map = wanted.as_map();
  return !map.empty() && std::all_of(map.begin(), map.end(), [](const auto& entry) {
    return (entry.first == "min" || entry.first == "max") && entry.second.is_number();
  });
}

bool in_range(const Value& actual, const Value& range) {
  if (!actual.is_number()) return false;
  const double x = actual.as_number();
  const Value* min = range.find("min");
  const Value* max = range.find("max");
  return (min == nullptr || x >= min->as_number()) && (max == nullptr || x <= max->as_number());
}

}  // namespace

bool cell_matches(const Value& actual, const Value& wanted) {
  if (is_range(wanted)) return in_range(actual, wanted);
  if (wanted.is_list() && !actual.is_list()) {
    const auto& allowed = wanted.as_list();
    return std::any_of(allowed.begin(), allowed.end(),
                       [&](const Value& one) { return cell_matches(actual, one); });
  }
  if (actual.is_number() && wanted.is_number()) return actual.as_number() == wanted.as_number();
  return actual == wanted;
}

std::vector<int64_t> rows_that_match(const RowSource& rows, const Value::Map& match,
                                     const std::string& dataset) {
  std::vector<int64_t> kept;
  std::set<std::string> unseen;
  for (const auto& [column, wanted] : match) unseen.insert(column);
  for (int64_t i = 0; i < rows.size(); ++i) {
    const Row row = rows.row(i);
    bool fits = true;
    for (const auto& [column, wanted] : match) {
      const auto it = row.find(column);
      if (it != row.end()) unseen.erase(column);
      fits = fits && it != row.end() && cell_matches(it->second, wanted);
    }
    if (fits) kept.push_back(i);
  }
  if (!unseen.empty() && rows.size() > 0) throw_missing_column(dataset, *unseen.begin(), rows);
  return kept;
}

std::vector<int64_t> rows_that_pass(const RowSource& rows, const Callable& filter,
                                    const std::string& dataset) {
  std::vector<int64_t> kept;
  for (int64_t i = 0; i < rows.size(); ++i) {
    const Value answer = filter.call({Value(rows.row(i))});
    if (!answer.is_nil() && !answer.is_bool()) {
      throw Error(ErrorCode::kData,
                  cat("dataset ", dataset, ": the function of where returned ", answer.preview()),
                  "return true to keep a row, false to drop it", cat("row ", i));
    }
    if (answer.is_bool() && answer.as_bool()) kept.push_back(i);
  }
  return kept;
}

}  // namespace kd::core
