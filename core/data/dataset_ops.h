// Operations on datasets: what recipes may write after a dataset (`data:where { … }`), and how a
// handle becomes rows.
//
//   where    { correct = true, level = { min = 2 }, source = { "a", "b" } }   or a function(row)
//   map      { rename = { question = "prompt" } }                             or a function(row)
//   pairs    { by = "prompt", chosen = "correct", completion = "completion", … }
//   split    { train = 0.9, test = 0.1, by = "prompt", seed = 0 }
//   take     { n = 100 }                                                      or 100
//   shuffle  { seed = 0 }                                                     or 0
#pragma once

#include <memory>
#include <string>

#include "core/recipe/handles.h"
#include "kd/data.h"
#include "kd/params.h"

namespace kd::core {

// "where", "map", …; "source" and "stage" for those that are no operations.
std::string dataset_op_name(DatasetHandle::Op op);

// The options of an operation, as they stand in DatasetHandle::options:
//   kWhere {match, filter}, kMap {rename, function}, kPairs {by, chosen, completion, …},
//   kSplit {parts, by, seed}, kTake {n}, kShuffle {seed}.
// Throws kd::Error(kInternal) for kSource and kStage, which have none.
const Schema& dataset_op_schema(DatasetHandle::Op op);

// From what a recipe gave the operation (the forms above: a table, a function, a number or nil) to
// resolved options. Throws kd::Error(kUsage) without a place: the recipe layer adds file:line.
Value::Map dataset_op_options(DatasetHandle::Op op, const Value& argument);

// Where datasets begin: the host's components and its stages' artifacts. [main]
class DatasetHost {
 public:
  virtual ~DatasetHost() = default;
  virtual std::shared_ptr<const RowSource> source(const ComponentPtr& component,
                                                  const std::string& split) = 0;
  virtual std::shared_ptr<const RowSource> stage(const std::string& stage,
                                                 const std::string& output) = 0;
};

// The rows behind a handle. where, take, shuffle and split are views of indices, rename is applied
// on reading, functions run here, once for each row. Logs what was dropped and why. Throws
// kd::Error(kData) that names the dataset, its columns and the recipe's line. [main]
std::shared_ptr<const RowSource> materialise(const DatasetHandle& handle, DatasetHost& host);

// One line for messages and logs: "arithmetic.train:where:pairs".
std::string describe_dataset(const DatasetHandle& handle);

}  // namespace kd::core
