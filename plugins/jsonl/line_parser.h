// From one line of a file to a row.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kd/value.h"

namespace kd::jsonl {

// One JSON object. Known columns are checked: text is a text; prompt, completion, chosen and
// rejected are texts or messages; messages are messages, a list of {role, content}. Throws
// kd::Error(kData) without a place: bad UTF-8, a NUL byte, an empty line, no object, duplicate
// keys, NaN, too deep nesting, a wrong type. `is_cut`: the line is the last one and has no line
// end, so that an error in it may mean that the file was cut off.
Row parse_line(std::string_view line, bool is_cut);

// The columns of `row` that training needs in every row once one has them.
std::vector<std::string> training_columns(const Row& row);

// Throws kd::Error(kData) when one of `columns` is missing or null.
void require_columns(const Row& row, const std::vector<std::string>& columns);

}  // namespace kd::jsonl
