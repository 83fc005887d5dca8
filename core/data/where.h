// Which rows a `where` keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kd/data.h"

namespace kd::core {

// Whether a cell fits what a recipe wrote: a value (numbers compare by value), {min = …, max = …}
// (both inclusive, either may be absent), or a list of allowed values. [any]
bool cell_matches(const Value& actual, const Value& wanted);

// Indices of the rows in which every column of `match` fits. A row without the column does not
// fit; a column that no row has is kd::Error(kData).
std::vector<int64_t> rows_that_match(const RowSource& rows, const Value::Map& match,
                                     const std::string& dataset);

// Indices of the rows for which the function returns true. Errors name the row. [main]
std::vector<int64_t> rows_that_pass(const RowSource& rows, const Callable& filter,
                                    const std::string& dataset);

}  // namespace kd::core
