#include "core/recipe/sandbox.h"

#include <string>
#include <vector>

#include "core/recipe/iteration.h"
#include "core/recipe/modules.h"
#include "core/recipe/session.h"
#include "core/recipe/userdata.h"
#include "kd/error.h"
#include "kd/log.h"

namespace kd::core {
namespace {

const char kEnvironmentKey = 0;
const char kNamesKey = 0;

std::vector<std::string> keys_of(lua_State* L, int table) {
  std::vector<std::string> out;
  const int at = lua_absindex(L, table);
  for (lua_pushnil(L); lua_next(L, at) != 0; lua_pop(L, 1)) {
    if (lua_type(L, -2) == LUA_TSTRING) out.emplace_back(lua_tostring(L, -2));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::string key_text(lua_State* L, int index) {
  return lua_type(L, index) == LUA_TSTRING ? lua_tostring(L, index) : luaL_typename(L, index);
}

// __index of a read-only table. Upvalues: what it shows, its name (empty: the globals).
int look_up(lua_State* L) {
  lua_pushvalue(L, 2);
  if (lua_rawget(L, lua_upvalueindex(1)) != LUA_TNIL) return 1;
  const std::string table = lua_tostring(L, lua_upvalueindex(2));
  const std::string key = key_text(L, 2);
  const auto known = keys_of(L, lua_upvalueindex(1));
  if (table.empty()) {
    const std::string near = closest(key, known);
    throw Error(ErrorCode::kUsage, cat("there is no variable '", key, "'"),
                cat(near.empty() ? "" : cat("did you mean '", near, "'? "),
                    "a recipe's own names are declared with local"));
  }
  throw Error(ErrorCode::kUsage, cat("there is no ", table, ".", key), did_you_mean(key, known));
}

int refuse_global(lua_State* L) {
  const std::string table = lua_tostring(L, lua_upvalueindex(1));
  const std::string key = key_text(L, 2);
  if (!table.empty()) throw Error(ErrorCode::kUsage, cat("cannot change ", table, ".", key));
  throw Error(ErrorCode::kUsage, cat("assignment to the global '", key, "'"),
              cat("write 'local ", key, " = …'"));
}

// Replaces the table on top of the stack by a read-only view of it.
void make_read_only(lua_State* L, const std::string& name) {
  const int content = lua_gettop(L);
  lua_createtable(L, 0, 0);
  lua_createtable(L, 0, 3);
  lua_pushvalue(L, content);
  lua_pushlstring(L, name.data(), name.size());
  lua_pushcclosure(L, &guarded<&look_up>, 2);
  lua_setfield(L, -2, "__index");
  lua_pushlstring(L, name.data(), name.size());
  lua_pushcclosure(L, &guarded<&refuse_global>, 1);
  lua_setfield(L, -2, "__newindex");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_setmetatable(L, -2);
  lua_remove(L, content);
}

// Remembers the value on top of the stack as part of the library.
void name_library_value(lua_State* L, const std::string& name) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNamesKey);
  lua_pushvalue(L, -2);
  lua_pushlstring(L, name.data(), name.size());
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

// --- functions of our own in place of Lua's ---------------------------------------------------

// Errors that end the pass go on through the recipe's pcall.
int protected_call(lua_State* L) {
  luaL_checkany(L, 1);
  const int status = lua_pcall(L, lua_gettop(L) - 1, LUA_MULTRET, 0);
  if (status != LUA_OK && is_final_error(L, -1)) return lua_error(L);
  lua_pushboolean(L, status == LUA_OK ? 1 : 0);
  lua_insert(L, 1);
  return lua_gettop(L);
}

// Like Lua's, without the addresses of tables and functions, which differ from run to run.
int to_string(lua_State* L) {
  luaL_checkany(L, 1);
  const int type = lua_type(L, 1);
  const bool has_text = luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL;
  if (has_text) lua_pop(L, 1);
  const bool address = type == LUA_TTABLE || type == LUA_TFUNCTION;
  if (address && !has_text) {
    lua_pushstring(L, lua_typename(L, type));
  } else {
    luaL_tolstring(L, 1, nullptr);
  }
  return 1;
}

void push_text(lua_State* L, int index) {
  const int at = lua_absindex(L, index);
  lua_pushcfunction(L, &to_string);
  lua_pushvalue(L, at);
  lua_call(L, 1, 1);
}

int print(lua_State* L) {
  std::string line = Session::of(L).planning() ? "[plan] " : "";
  for (int i = 1, n = lua_gettop(L); i <= n; ++i) {
    push_text(L, i);
    line += cat(i > 1 ? "\t" : "", lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  log_info(line);
  return 0;
}

bool asks_for_address(const std::string& format) {
  for (size_t i = format.find('%'); i != std::string::npos; i = format.find('%', i)) {
    ++i;
    while (i < format.size() &&
           std::string_view("-+ #0123456789.").find(format[i]) != std::string_view::npos)
      ++i;
    if (i < format.size() && format[i++] == 'p') return true;
  }
  return false;
}

// string.format without addresses. Upvalue: Lua's own.
int format(lua_State* L) {
  const std::string text = luaL_checkstring(L, 1);
  if (asks_for_address(text)) throw Error(ErrorCode::kUsage, "string.format knows no '%p' here");
  const int count = lua_gettop(L);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_pushvalue(L, 1);
  for (int i = 2; i <= count; ++i) {
    if (auto broken = object_as<Placeholder>(L, i)) {
      push_object(L, std::move(broken));
      return 1;
    }
    const bool plain = lua_isnoneornil(L, i) || lua_isboolean(L, i) ||
                       lua_type(L, i) == LUA_TNUMBER || lua_type(L, i) == LUA_TSTRING;
    if (plain) {
      lua_pushvalue(L, i);
    } else {
      push_text(L, i);
    }
  }
  lua_call(L, count, 1);
  return 1;
}

// Finalisers and weak tables depend on when the collector runs.
int set_metatable(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  luaL_argexpected(L, lua_isnil(L, 2) || lua_istable(L, 2), 2, "nil or table");
  for (const char* field : {"__gc", "__mode", "__close"}) {
    if (!lua_istable(L, 2)) break;
    lua_pushstring(L, field);
    if (lua_rawget(L, 2) != LUA_TNIL) {
      throw Error(ErrorCode::kUsage, cat("recipes cannot use the metatable field ", field));
    }
    lua_pop(L, 1);
  }
  if (luaL_getmetafield(L, 1, "__metatable") != LUA_TNIL) {
    throw Error(ErrorCode::kUsage, "cannot change a protected metatable");
  }
  lua_settop(L, 2);
  lua_setmetatable(L, 1);
  return 1;
}

// --- assembling -------------------------------------------------------------------------------

// Opens a standard library, drops some of it, and leaves its table on the stack.
void open_library(lua_State* L, const char* name, lua_CFunction open,
                  const std::vector<std::string>& dropped) {
  luaL_requiref(L, name, open, 0);
  for (const std::string& function : dropped) {
    lua_pushnil(L);
    lua_setfield(L, -2, function.c_str());
  }
}

// Leaves the library's read-only view in the field `name` of the table at `globals`.
void publish_library(lua_State* L, int globals, const std::string& name) {
  for (const std::string& key : keys_of(L, -1)) {
    lua_getfield(L, -1, key.c_str());
    if (lua_isfunction(L, -1)) name_library_value(L, cat(name, ".", key));
    lua_pop(L, 1);
  }
  make_read_only(L, name);
  name_library_value(L, name);
  lua_setfield(L, globals, name.c_str());
}

void add_libraries(lua_State* L, int globals) {
  open_library(L, "string", luaopen_string, {"dump"});
  lua_getfield(L, -1, "format");
  lua_pushcclosure(L, &guarded<&format>, 1);
  lua_setfield(L, -2, "format");
  publish_library(L, globals, "string");
  // ("x"):method() finds the same functions, and nobody can change what it finds.
  lua_pushliteral(L, "");
  lua_getmetatable(L, -1);
  lua_getfield(L, globals, "string");
  lua_setfield(L, -2, "__index");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pop(L, 2);
  open_library(L, "table", luaopen_table, {});
  publish_library(L, globals, "table");
  open_library(L, "math", luaopen_math, {"random", "randomseed"});
  publish_library(L, globals, "math");
  open_library(L, "utf8", luaopen_utf8, {});
  publish_library(L, globals, "utf8");
}

void add_function(lua_State* L, int globals, const char* name, lua_CFunction function) {
  lua_pushcfunction(L, function);
  name_library_value(L, name);
  lua_setfield(L, globals, name);
}

void add_basic_functions(lua_State* L, int globals) {
  lua_pushcfunction(L, luaopen_base);
  lua_call(L, 0, 1);
  for (const char* name : {"assert", "error", "ipairs", "select", "tonumber", "type", "rawequal",
                           "rawget", "rawlen", "getmetatable"}) {
    lua_getfield(L, -1, name);
    name_library_value(L, name);
    lua_setfield(L, globals, name);
  }
  lua_pop(L, 1);
  add_function(L, globals, "pairs", &guarded<&sorted_pairs>);
  add_function(L, globals, "next", &guarded<&sorted_next>);
  add_function(L, globals, "pcall", &guarded<&protected_call>);
  add_function(L, globals, "tostring", &guarded<&to_string>);
  add_function(L, globals, "print", &guarded<&print>);
  add_function(L, globals, "setmetatable", &guarded<&set_metatable>);
  add_function(L, globals, "require", &guarded<&require_module>);
}

int open_all(lua_State* L) {
  lua_createtable(L, 0, 64);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kNamesKey);
  lua_createtable(L, 0, 32);
  const int globals = lua_gettop(L);
  add_basic_functions(L, globals);
  add_libraries(L, globals);
  make_read_only(L, "");
  name_library_value(L, "_ENV");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kEnvironmentKey);
  return 0;
}

}  // namespace

void open_sandbox(Session& session) {
  lua_pushcfunction(session.lua().get(), &guarded<&open_all>);
  session.lua().call(0, 0);
}

void set_sandbox(lua_State* L) {
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kEnvironmentKey);
  if (lua_setupvalue(L, -2, 1) == nullptr) lua_pop(L, 1);  // a chunk has _ENV as its first upvalue
}

bool is_library_value(lua_State* L, int index, std::string* name) {
  const int at = lua_absindex(L, index);
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kNamesKey);
  lua_pushvalue(L, at);
  const bool found = lua_rawget(L, -2) == LUA_TSTRING;
  if (found && name) *name = lua_tostring(L, -1);
  lua_pop(L, 2);
  return found;
}

}  // namespace kd::core
