#include "core/data/dataset_ops.h"

#include <algorithm>
#include <array>
#include <numeric>

#include "core/data/pairs.h"
#include "core/data/row_views.h"
#include "core/data/split.h"
#include "core/data/where.h"
#include "kd/error.h"
#include "kd/log.h"
#include "kd/random.h"

namespace kd::core {
namespace {

using Op = DatasetHandle::Op;
using Function = std::shared_ptr<const Callable>;

struct WhereOptions {
  Value::Map match;
  Function filter;

  static Params<WhereOptions> params() {
    Params<WhereOptions> p;
    p.add("match", &WhereOptions::match,
          "column = value, { min = …, max = … } or a list of allowed values");
    p.add("filter", &WhereOptions::filter, "function(row) that returns true to keep it");
    return p;
  }
};

struct MapOptions {
  Value::Map rename;
  Function function;

  static Params<MapOptions> params() {
    Params<MapOptions> p;
    p.add("rename", &MapOptions::rename, "old column = \"new column\"");
    p.add("function", &MapOptions::function, "function(row) that returns a row, or nil to drop it");
    return p;
  }
};

struct SplitOptions {
  Value::Map parts;
  std::string by;
  int64_t seed = 0;

  static Params<SplitOptions> params() {
    Params<SplitOptions> p;
    p.add("parts", &SplitOptions::parts, "name = fraction of the rows").required();
    p.add("by", &SplitOptions::by,
          "rows equal in this column stay together; default: prompt, messages or text");
    p.add("seed", &SplitOptions::seed, "another division for another seed").at_least(0);
    return p;
  }
};

struct TakeOptions {
  int64_t n = 0;

  static Params<TakeOptions> params() {
    Params<TakeOptions> p;
    p.add("n", &TakeOptions::n, "how many rows, from the first").required().at_least(0);
    return p;
  }
};

struct ShuffleOptions {
  int64_t seed = 0;

  static Params<ShuffleOptions> params() {
    Params<ShuffleOptions> p;
    p.add("seed", &ShuffleOptions::seed, "another order for another seed").at_least(0);
    return p;
  }
};

bool is_function(const Value& value) { return value.object_as<Callable>() != nullptr; }

// A single value stands for the operation's one obvious option.
Value::Map where_table(const Value& argument) {
  if (is_function(argument)) return {{"filter", argument}};
  const auto& table = argument.as_map();
  const auto only_filter = table.find("filter");
  if (table.size() == 1 && only_filter != table.end() && is_function(only_filter->second)) {
    return table;
  }
  if (table.empty()) {
    throw Error(ErrorCode::kUsage, "where: no condition", "write where { column = value }");
  }
  return {{"match", argument}};
}

Value::Map split_table(const Value& argument) {
  Value::Map parts;
  Value::Map options;
  for (const auto& [key, value] : argument.as_map()) {
    (key == "by" || key == "seed" || key == "parts" ? options : parts).emplace(key, value);
  }
  if (options.find("parts") == options.end()) options.emplace("parts", std::move(parts));
  check_parts(options.at("parts").as_map());
  return options;
}

Value::Map as_table(Op op, const Value& argument) {
  if (op == Op::kWhere) return where_table(argument);
  if (op == Op::kSplit) return split_table(argument);
  if (op == Op::kMap && is_function(argument)) return {{"function", argument}};
  if (op == Op::kTake && argument.is_number()) return {{"n", argument}};
  if (op == Op::kShuffle && argument.is_number()) return {{"seed", argument}};
  if (argument.is_nil()) return {};
  return argument.as_map();
}

void require_one(const Value::Map& options, const char* a, const char* b, const char* op) {
  const auto is_set = [&](const char* name) {
    const auto it = options.find(name);
    return it != options.end() && !it->second.is_nil();
  };
  if (is_set(a) == is_set(b)) {
    throw Error(ErrorCode::kUsage, cat(op, ": give either '", a, "' or '", b, "'"));
  }
}

std::shared_ptr<const RowSource> filtered(const RowsPtr& rows, std::vector<int64_t> kept,
                                          const std::string& name) {
  const auto dropped = rows->size() - static_cast<int64_t>(kept.size());
  log_info(cat(name, ": kept ", kept.size(), " of ", rows->size(), " rows"));
  if (dropped == 0) return rows;
  return std::make_shared<IndexView>(rows, std::move(kept));
}

RowsPtr apply_where(const RowsPtr& rows, const Value::Map& table, const std::string& input,
                    const std::string& name) {
  const auto options = WhereOptions::params().parse(table);
  if (options.filter) return filtered(rows, rows_that_pass(*rows, *options.filter, input), name);
  return filtered(rows, rows_that_match(*rows, options.match, input), name);
}

RowsPtr renamed(const RowsPtr& rows, const Value::Map& rename, const std::string& dataset) {
  std::map<std::string, std::string> names;
  const auto columns = columns_of(*rows);
  for (const auto& [from, to] : rename) {
    const bool is_there = std::find(columns.begin(), columns.end(), from) != columns.end();
    if (!is_there && rows->size() > 0) throw_missing_column(dataset, from, *rows);
    names[from] = to.as_string();
  }
  return std::make_shared<RenameView>(rows, std::move(names), dataset);
}

RowsPtr mapped(const RowsPtr& rows, const Callable& function, const std::string& dataset,
               const std::string& name) {
  std::vector<Row> out;
  for (int64_t i = 0; i < rows->size(); ++i) {
    Value made = function.call({Value(rows->row(i))});
    if (made.is_nil()) continue;
    if (!made.is_map()) {
      throw Error(ErrorCode::kData,
                  cat("dataset ", dataset, ": the function of map returned ", made.preview()),
                  "return a table of columns, or nil to drop the row", cat("row ", i));
    }
    out.push_back(made.as_map());
  }
  log_info(cat(name, ": ", out.size(), " rows from ", rows->size()));
  return std::make_shared<MemoryRows>(std::move(out));
}

RowsPtr apply_map(const RowsPtr& rows, const Value::Map& table, const std::string& input,
                  const std::string& name) {
  const auto options = MapOptions::params().parse(table);
  if (options.function) return mapped(rows, *options.function, input, name);
  return renamed(rows, options.rename, input);
}

RowsPtr apply_split(const RowsPtr& rows, const DatasetHandle& handle, const std::string& input,
                    const std::string& name) {
  const auto options = SplitOptions::params().parse(handle.options);
  return filtered(rows,
                  rows_of_part(*rows, options.parts, handle.split, options.by,
                               static_cast<uint64_t>(options.seed), input),
                  name);
}

RowsPtr apply_take(const RowsPtr& rows, const Value::Map& table, const std::string& name) {
  const auto n = TakeOptions::params().parse(table).n;
  if (n > rows->size()) {
    log_warning(cat(name, ": ", n, " rows asked for, there are ", rows->size()));
  }
  if (n >= rows->size()) return rows;
  std::vector<int64_t> index(static_cast<size_t>(n));
  std::iota(index.begin(), index.end(), 0);
  return std::make_shared<IndexView>(rows, std::move(index));
}

RowsPtr apply_shuffle(const RowsPtr& rows, const Value::Map& table) {
  const auto seed = static_cast<uint64_t>(ShuffleOptions::params().parse(table).seed);
  RandomStream stream(StreamKey{seed, "dataset", "shuffle"});
  return std::make_shared<IndexView>(rows, stream.permutation(rows->size()));
}

RowsPtr apply(const DatasetHandle& handle, const RowsPtr& rows) {
  const std::string input = describe_dataset(*handle.input);
  const std::string name = describe_dataset(handle);
  switch (handle.op) {
    case Op::kWhere:
      return apply_where(rows, handle.options, input, name);
    case Op::kMap:
      return apply_map(rows, handle.options, input, name);
    case Op::kPairs:
      return make_pairs(rows, PairOptions::params().parse(handle.options), input);
    case Op::kSplit:
      return apply_split(rows, handle, input, name);
    case Op::kTake:
      return apply_take(rows, handle.options, name);
    case Op::kShuffle:
      return apply_shuffle(rows, handle.options);
    case Op::kSource:
    case Op::kStage:
      break;
  }
  throw Error(ErrorCode::kInternal, "a source is no operation");
}

}  // namespace

std::string dataset_op_name(Op op) {
  static constexpr std::array kNames = {"source", "stage", "where", "map",
                                        "pairs",  "split", "take",  "shuffle"};
  return kNames.at(static_cast<size_t>(op));
}

const Schema& dataset_op_schema(Op op) {
  static const std::map<Op, Schema> schemas = {
      {Op::kWhere, WhereOptions::params().schema()},
      {Op::kMap, MapOptions::params().schema()},
      {Op::kPairs, PairOptions::params().schema()},
      {Op::kSplit, SplitOptions::params().schema()},
      {Op::kTake, TakeOptions::params().schema()},
      {Op::kShuffle, ShuffleOptions::params().schema()},
  };
  const auto it = schemas.find(op);
  if (it == schemas.end()) {
    throw Error(ErrorCode::kInternal, cat("'", dataset_op_name(op), "' has no options"));
  }
  return it->second;
}

Value::Map dataset_op_options(Op op, const Value& argument) {
  const std::string name = dataset_op_name(op);
  const bool fits = argument.is_map() || argument.is_nil() || is_function(argument) ||
                    argument.is_number() || (argument.is_list() && argument.as_list().empty());
  if (!fits) {
    throw Error(ErrorCode::kUsage, cat(name, ": expected a table, got ", argument.type_name()));
  }
  const bool is_empty = argument.is_nil() || argument.is_list();
  const auto table = as_table(op, is_empty ? Value(Value::Map()) : argument);
  auto options = dataset_op_schema(op).resolve_or_throw(table, name);
  if (op == Op::kWhere) require_one(options, "match", "filter", "where");
  if (op == Op::kMap) require_one(options, "rename", "function", "map");
  return options;
}

std::string describe_dataset(const DatasetHandle& handle) {
  if (handle.op == Op::kSource) {
    const std::string name = handle.source ? handle.source->name : "source";
    return handle.split.empty() ? name : name + "." + handle.split;
  }
  if (handle.op == Op::kStage) return handle.stage + "." + handle.output;
  std::string out = describe_dataset(*handle.input) + ":" + dataset_op_name(handle.op);
  return handle.op == Op::kSplit ? out + "." + handle.split : out;
}

std::shared_ptr<const RowSource> materialise(const DatasetHandle& handle, DatasetHost& host) {
  try {
    if (handle.op == Op::kSource) return host.source(handle.source, handle.split);
    if (handle.op == Op::kStage) return host.stage(handle.stage, handle.output);
  } catch (Error& error) {
    if (!handle.where.file.empty()) error.add_where(handle.where.str());
    throw;
  }
  const auto rows = materialise(*handle.input, host);
  try {
    return apply(handle, rows);
  } catch (Error& error) {
    if (!handle.where.file.empty()) error.add_where(handle.where.str());
    throw;
  }
}

}  // namespace kd::core
