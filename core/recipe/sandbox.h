// What recipes may use of Lua: string, table, math (without random), utf8 and a few basic
// functions; all of it read-only and deterministic. See docs/recipes.md.
#pragma once

#include <lua.hpp>
#include <string>

namespace kd::core {

class Session;

// Makes the environment of recipes and keeps it in the registry.
void open_sandbox(Session& session);
// Gives the function on top of the stack the sandbox as its globals.
void set_sandbox(lua_State* L);
// Whether the value is the sandbox's environment, a library or a library's function; `name` is
// what it is called then ("string.format").
bool is_library_value(lua_State* L, int index, std::string* name);

}  // namespace kd::core
