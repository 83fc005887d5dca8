#include "core/recipe/kd_module.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "core/recipe/arguments.h"
#include "core/recipe/components.h"
#include "core/recipe/datasets.h"
#include "core/recipe/objectives.h"
#include "core/recipe/session.h"
#include "core/recipe/stages.h"
#include "core/recipe/userdata.h"
#include "kd/error.h"

namespace kd::core {
namespace {

const char kModuleKey = 0;

std::vector<std::string> names_in_module(Session& session) {
  std::vector<std::string> names = argument_functions();
  for (const StageType& stage : session.host().stage_types()) names.push_back(stage.type);
  for (const std::string& kind : recipe_kinds(session)) names.push_back(kind);
  std::sort(names.begin(), names.end());
  return names;
}

// kd.<name>
int index_module(lua_State* L) {
  Session& session = Session::of(L);
  const std::string name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  if (push_argument_function(L, name) || push_stage_starter(L, name) || push_namespace(L, name)) {
    return 1;
  }
  session.report({call_site(L).where, "", "", cat("there is no kd.", name),
                  did_you_mean(name, names_in_module(session))});
  push_object(L, std::make_shared<Placeholder>());
  return 1;
}

// Whatever is done with a placeholder gives a placeholder; as a list it is empty.
int index_placeholder(lua_State* L) {
  if (lua_type(L, 2) == LUA_TNUMBER) {
    lua_pushnil(L);
  } else {
    push_object(L, std::make_shared<Placeholder>());
  }
  return 1;
}

int use_placeholder(lua_State* L) {
  push_object(L, std::make_shared<Placeholder>());
  return 1;
}

int zero(lua_State* L) {
  lua_pushinteger(L, 0);
  return 1;
}

int no(lua_State* L) {
  lua_pushboolean(L, 0);
  return 1;
}

void open_placeholder(lua_State* L) {
  add_metamethod(L, userdata::kPlaceholder, "__index", &guarded<&index_placeholder>);
  for (const char* name : {"__call", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__unm",
                           "__idiv", "__concat"}) {
    add_metamethod(L, userdata::kPlaceholder, name, &guarded<&use_placeholder>);
  }
  add_metamethod(L, userdata::kPlaceholder, "__len", &zero);
  add_metamethod(L, userdata::kPlaceholder, "__lt", &no);
  add_metamethod(L, userdata::kPlaceholder, "__le", &no);
}

int open_all(lua_State* L) {
  open_userdata(L);
  open_placeholder(L);
  add_metamethod(L, userdata::kModule, "__index", &guarded<&index_module>);
  open_arguments(L);
  open_components(L);
  open_datasets(L);
  open_objectives(L);
  open_stages(L);
  push_object(L, std::make_shared<KdModule>());
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kModuleKey);
  return 0;
}

}  // namespace

void open_kd_module(Session& session) {
  lua_pushcfunction(session.lua().get(), &guarded<&open_all>);
  session.lua().call(0, 0);
}

void push_kd_module(lua_State* L) { lua_rawgetp(L, LUA_REGISTRYINDEX, &kModuleKey); }

}  // namespace kd::core
