// JSON text <-> kd::Value. Numbers without fraction or exponent become integers.
#pragma once

#include <string>
#include <string_view>

#include "kd/value.h"

namespace kd {

// Parses one JSON document. Rejects duplicate keys, nesting deeper than 64 and trailing text.
// Throws kd::Error(kData) with the byte offset; the caller adds the file.
Value parse_json(std::string_view text);

// Writes canonical JSON: keys sorted, shortest round-trip numbers, UTF-8. Objects are an error;
// NaN and infinities are written as null. `indent` < 0 writes one line.
std::string to_json(const Value& value, int indent = -1);

}  // namespace kd
