// pairs and next in sorted order: numbers, then strings, then booleans.
#pragma once

#include <lua.hpp>

namespace kd::core {

int sorted_pairs(lua_State* L);
int sorted_next(lua_State* L);

}  // namespace kd::core
