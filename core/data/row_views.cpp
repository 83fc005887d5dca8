#include "core/data/row_views.h"

#include <algorithm>
#include <set>

#include "kd/error.h"
#include "kd/json.h"

namespace kd::core {
namespace {

constexpr int64_t kRowsReadForColumns = 1000;

}  // namespace

Row RenameView::row(int64_t i) const {
  Row in = base_->row(i);
  Row out;
  for (auto& [name, value] : in) {
    const auto renamed = names_.find(name);
    const std::string& key = renamed == names_.end() ? name : renamed->second;
    if (!out.emplace(key, std::move(value)).second) {
      throw Error(ErrorCode::kData,
                  cat("dataset ", dataset_, ": two columns would be named '", key, "'"),
                  "rename to a name that no column has", cat("row ", i));
    }
  }
  return out;
}

std::vector<std::string> columns_of(const RowSource& rows) {
  std::set<std::string> names;
  const int64_t count = std::min(rows.size(), kRowsReadForColumns);
  for (int64_t i = 0; i < count; ++i) {
    for (const auto& [name, value] : rows.row(i)) names.insert(name);
  }
  return {names.begin(), names.end()};
}

void throw_missing_column(const std::string& dataset, const std::string& column,
                          const RowSource& rows, int64_t row) {
  const auto columns = columns_of(rows);
  const std::string where = row >= 0 ? cat("row ", row) : std::string();
  if (columns.empty()) {
    throw Error(ErrorCode::kData,
                cat("dataset ", dataset, " is empty, column '", column, "' was asked for"),
                "check what the stage or operation before it left", where);
  }
  throw Error(ErrorCode::kData, cat("dataset ", dataset, " has no column '", column, "'"),
              cat("columns: ", join(columns), "; ", did_you_mean(column, columns)), where);
}

const Value& cell(const Row& row, const std::string& column, const std::string& dataset,
                  const RowSource& rows, int64_t index) {
  const auto it = row.find(column);
  if (it == row.end()) throw_missing_column(dataset, column, rows, index);
  return it->second;
}

std::string value_key(const Value& value) { return to_json(value); }

}  // namespace kd::core
