// pairs and next in sorted order: numbers, then strings, then booleans.
#pragma once

#include <lua.hpp>

namespace kd::core {

// Pushes a list of the table's keys in that order. Returns the type of a key that has no place in
// it (and is not in the list), or null.
const char* push_sorted_keys(lua_State* L, int table);

int sorted_pairs(lua_State* L);
int sorted_next(lua_State* L);

}  // namespace kd::core
