// kd.args { … } and the types of arguments: kd.number, kd.integer, kd.boolean, kd.string, kd.path,
// kd.choice.
#pragma once

#include <lua.hpp>
#include <string>
#include <vector>

namespace kd::core {

class Session;

// Reports every --set whose name the recipe has not declared.
void refuse_unknown_settings(Session& session);
void open_arguments(lua_State* L);
// "args", "number", …
std::vector<std::string> argument_functions();
// Pushes the function of that name; false when there is none.
bool push_argument_function(lua_State* L, const std::string& name);

}  // namespace kd::core
