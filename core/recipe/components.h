// kd.<kind>.<name> { … }: descriptions of components, checked against their schemas.
#pragma once

#include <lua.hpp>
#include <optional>
#include <string>
#include <vector>

#include "core/recipe/lua_state.h"
#include "core/recipe/values.h"

namespace kd::core {

class Session;

void open_components(lua_State* L);
// What a recipe may write after `kd.` for components: the catalog's kinds, models by their roles.
std::vector<std::string> recipe_kinds(Session& session);
// Pushes kd.<name>; false when there is no such kind.
bool push_namespace(lua_State* L, const std::string& name);

// A table that somebody's schema must describe.
struct GivenTable {
  std::string owner;   // in messages: "objective.redi", "train \"sft\""
  std::string callee;  // the word before the table in the source: "redi", "train"
  CallSite site;
  Value::Map named;
  std::vector<ParamProblem> problems;  // found while it was converted
};

// Checks against the schema and reports every problem at its key's line. Nothing when there were
// problems, here or in what it is made of.
std::optional<Value::Map> resolve_table(Session& session, const Schema& schema, GivenTable given);

}  // namespace kd::core
