// require: "kd.v1", or a file below the recipe's folder or a library folder.
#pragma once

#include <lua.hpp>

namespace kd::core {

int require_module(lua_State* L);

}  // namespace kd::core
