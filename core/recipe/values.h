// Lua values <-> kd::Value.
//
// A table is a list (keys 1 … n) or a map (string keys); holes, other keys and both at once are
// problems, except at the top of a stage's or component's table, where positional items and keys
// may stand side by side. Handles become objects, functions become Callables.
#pragma once

#include <lua.hpp>
#include <string>
#include <vector>

#include "kd/params.h"
#include "kd/value.h"

namespace kd::core {

// What cannot be converted is added to `problems` under its dotted path, and becomes a Placeholder.
Value to_value(lua_State* L, int index, std::vector<ParamProblem>& problems,
               const std::string& path = {});
// The same for a single value; throws kd::Error(kUsage) for the first problem.
Value to_value_or_throw(lua_State* L, int index);

struct TableParts {
  Value::Map named;
  Value::List items;
};
// A table that may have positional items beside its keys.
TableParts to_table_parts(lua_State* L, int index, std::vector<ParamProblem>& problems);

// Lists and maps become new tables.
void push_value(lua_State* L, const Value& value);

}  // namespace kd::core
