// Algebra of objectives: sums, and products with numbers, kd.schedule.* and functions of the step.
#pragma once

#include <lua.hpp>

namespace kd::core {

void open_objectives(lua_State* L);

}  // namespace kd::core
