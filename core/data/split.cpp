#include "core/data/split.h"

#include "core/data/row_views.h"
#include "kd/error.h"
#include "kd/random.h"

namespace kd::core {
namespace {

constexpr double kRounding = 1e-9;

std::string default_column(const RowSource& rows, const std::string& dataset) {
  const Row first = rows.row(0);
  for (const char* name : {"prompt", "messages", "text"}) {
    if (first.find(name) != first.end()) return name;
  }
  throw Error(
      ErrorCode::kData,
      cat("dataset ", dataset, ": split needs a column that says which rows belong together"),
      cat("say by = \"…\"; columns: ", join(columns_of(rows))));
}

}  // namespace

void check_parts(const Value::Map& parts) {
  double sum = 0;
  for (const auto& [name, fraction] : parts) {
    if (!fraction.is_number() || fraction.as_number() <= 0 || fraction.as_number() > 1) {
      throw Error(ErrorCode::kUsage, cat("split: the part '", name, "' is ", fraction.preview(),
                                         ", not a fraction above 0 and at most 1"));
    }
    sum += fraction.as_number();
  }
  if (parts.empty()) {
    throw Error(ErrorCode::kUsage, "split: no parts", "write split { train = 0.9, test = 0.1 }");
  }
  if (sum > 1 + kRounding) {
    throw Error(ErrorCode::kUsage, cat("split: the fractions sum to ", sum, ", more than 1"));
  }
}

std::vector<int64_t> rows_of_part(const RowSource& rows, const Value::Map& parts,
                                  const std::string& part, const std::string& by, uint64_t seed,
                                  const std::string& dataset) {
  check_parts(parts);
  double begin = 0;
  double end = -1;
  std::vector<std::string> names;
  for (const auto& [name, fraction] : parts) {
    names.push_back(name);
    if (end < 0 && name != part) begin += fraction.as_number();
    if (name == part) end = begin + fraction.as_number();
  }
  if (end < 0) {
    throw Error(ErrorCode::kUsage, cat("dataset ", dataset, " has no part '", part, "'"),
                did_you_mean(part, names));
  }
  if (end > 1 - kRounding) end = 1;
  std::vector<int64_t> index;
  if (rows.size() == 0) return index;
  const std::string column = by.empty() ? default_column(rows, dataset) : by;
  for (int64_t i = 0; i < rows.size(); ++i) {
    const Row row = rows.row(i);
    const std::string key = "split:" + value_key(cell(row, column, dataset, rows, i));
    const double at = RandomStream(StreamKey{seed, "dataset", key}).uniform();
    if (at >= begin && at < end) index.push_back(i);
  }
  return index;
}

}  // namespace kd::core
