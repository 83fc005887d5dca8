// kd.<stage type> "name" { … }
#pragma once

#include <lua.hpp>
#include <string>

namespace kd::core {

void open_stages(lua_State* L);
// Pushes kd.<type>; false when the host has no such stage.
bool push_stage_starter(lua_State* L, const std::string& type);

}  // namespace kd::core
