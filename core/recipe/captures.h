// What a function of a recipe is made of: its code and the values that it captures.
#pragma once

#include <lua.hpp>
#include <string>

namespace kd::core {

// Canonical text of a function: its code without names and lines (so that comments and white space
// do not count) and its captured values. Throws kd::Error(kUsage) that names a captured value
// which is no plain data, handle or function of that kind.
std::string function_identity(lua_State* L, int index);

}  // namespace kd::core
