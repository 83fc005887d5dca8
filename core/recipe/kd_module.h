// The module `kd` that recipes require: kd.args and its types, kd.<kind>.<component>, kd.<stage>.
#pragma once

#include <lua.hpp>

namespace kd::core {

class Session;

// Adds the metamethods of everything the module hands out.
void open_kd_module(Session& session);
void push_kd_module(lua_State* L);

}  // namespace kd::core
