// Parts of a dataset by the hash of a column: rows with equal values never straddle two parts.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kd/data.h"

namespace kd::core {

// Indices of the rows of part `part`. `parts` maps names to fractions (sum at most 1); the interval
// [0, 1) is divided in the order of the names, and a row belongs where the hash of its column `by`
// falls. `by` empty: prompt, else messages, else text. Throws kd::Error(kData, kUsage).
std::vector<int64_t> rows_of_part(const RowSource& rows, const Value::Map& parts,
                                  const std::string& part, const std::string& by, uint64_t seed,
                                  const std::string& dataset);

// Throws kd::Error(kUsage) unless `parts` are fractions above 0 that sum to at most 1.
void check_parts(const Value::Map& parts);

}  // namespace kd::core
