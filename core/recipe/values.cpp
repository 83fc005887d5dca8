#include "core/recipe/values.h"

#include <cmath>
#include <memory>
#include <utility>

#include "core/recipe/functions.h"
#include "core/recipe/iteration.h"
#include "core/recipe/lua_state.h"
#include "core/recipe/objects.h"
#include "core/recipe/userdata.h"
#include "kd/error.h"

namespace kd::core {
namespace {

constexpr int kMaxDepth = 32;

std::string text_at(lua_State* L, int index) {
  size_t length = 0;
  const char* text = lua_tolstring(L, index, &length);
  return std::string(text, length);
}

// Converts one value and everything in it.
class Converter {
 public:
  Converter(lua_State* L, std::vector<ParamProblem>& problems) : lua_(L), problems_(problems) {}

  Value convert(int index, const std::string& path, int depth) {
    switch (lua_type(lua_, index)) {
      case LUA_TNIL:
      case LUA_TNONE:
        return {};
      case LUA_TBOOLEAN:
        return Value(lua_toboolean(lua_, index) != 0);
      case LUA_TNUMBER:
        return convert_number(index, path);
      case LUA_TSTRING:
        return Value(text_at(lua_, index));
      case LUA_TTABLE:
        return convert_table(lua_absindex(lua_, index), path, depth);
      case LUA_TFUNCTION:
        return convert_function(lua_absindex(lua_, index), path);
      case LUA_TUSERDATA:
        return convert_object(index, path);
      default:
        return broken(path, cat("a ", luaL_typename(lua_, index), " cannot be used here"));
    }
  }

  // Splits a table into positional items and named entries.
  TableParts split(int table, const std::string& path, int depth) {
    TableParts parts;
    if (lua_getmetatable(lua_, table) != 0) {
      lua_pop(lua_, 1);
      broken(path, "a table with a metatable cannot be used here");
      return parts;
    }
    luaL_checkstack(lua_, 8, "tables are nested too deeply");
    const auto length = static_cast<lua_Integer>(lua_rawlen(lua_, table));
    lua_Integer positional = 0;
    const char* unordered = push_sorted_keys(lua_, table);
    if (unordered) bad_key(path, unordered);
    const int keys = lua_gettop(lua_);
    for (lua_Integer i = 1; lua_rawgeti(lua_, keys, i) != LUA_TNIL; ++i) {
      lua_pushvalue(lua_, -1);
      lua_rawget(lua_, table);  // the key at -2, its value at -1
      if (lua_type(lua_, -2) == LUA_TSTRING) {
        const std::string key = text_at(lua_, -2);
        parts.named[key] = convert(-1, path.empty() ? key : cat(path, ".", key), depth + 1);
      } else if (is_position(length)) {
        ++positional;
      } else if (lua_isinteger(lua_, -2) != 0) {
        broken(path,
               cat("item ", lua_tointeger(lua_, -2), " stands alone: the list ends at ", length),
               "items are numbered from 1 without holes; nil leaves a hole");
      } else {
        bad_key(path, luaL_typename(lua_, -2));
      }
      lua_pop(lua_, 2);
    }
    lua_settop(lua_, keys - 1);
    if (positional != length) hole(table, path, length);
    for (lua_Integer i = 1; i <= length; ++i) {
      lua_rawgeti(lua_, table, i);
      parts.items.push_back(convert(-1, cat(path, "[", i, "]"), depth + 1));
      lua_pop(lua_, 1);
    }
    return parts;
  }

 private:
  Value broken(const std::string& path, std::string message, std::string hint = {}) {
    if (!path.empty()) message = cat("'", path, "': ", message);
    problems_.push_back({path, std::move(message), std::move(hint)});
    return Value(std::make_shared<Placeholder>());
  }

  Value convert_number(int index, const std::string& path) {
    if (lua_isinteger(lua_, index) != 0) return Value(int64_t{lua_tointeger(lua_, index)});
    const double number = lua_tonumber(lua_, index);
    if (std::isnan(number)) return broken(path, "this number is NaN (0/0)");
    return Value(number);
  }

  Value convert_table(int table, const std::string& path, int depth) {
    if (depth > kMaxDepth)
      return broken(path, "tables are nested too deeply, or contain themselves");
    TableParts parts = split(table, path, depth);
    if (parts.items.empty()) return Value(std::move(parts.named));
    if (parts.named.empty()) return Value(std::move(parts.items));
    return broken(
        path,
        cat("a table with both keys ('", parts.named.begin()->first, "') and positional items"),
        "use one or the other");
  }

  Value convert_function(int function, const std::string& path) {
    const int top = lua_gettop(lua_);
    try {
      return Value(make_function(lua_, function));
    } catch (const Error& error) {
      lua_settop(lua_, top);
      return broken(path, error.message(), error.hint());
    }
  }

  Value convert_object(int index, const std::string& path) {
    ObjectPtr object = object_at(lua_, index);
    if (!object) return broken(path, "this object cannot be used here");
    if (auto arguments = std::dynamic_pointer_cast<const ArgumentTable>(object)) {
      return Value(arguments->values);
    }
    if (auto stage = std::dynamic_pointer_cast<const StageObject>(object)) {
      if (stage->failed) return Value(std::make_shared<Placeholder>());
      if (const Value* output = stage->only_output()) return *output;
    }
    if (auto pending = std::dynamic_pointer_cast<const PendingStage>(object)) {
      return Value(std::make_shared<Placeholder>());  // reported at the end of the pass
    }
    return Value(std::move(object));
  }

  // Whether the key at -2 is one of 1 … length.
  bool is_position(lua_Integer length) const {
    if (lua_isinteger(lua_, -2) == 0) return false;
    const lua_Integer key = lua_tointeger(lua_, -2);
    return key >= 1 && key <= length;
  }

  void bad_key(const std::string& path, const std::string& type) {
    broken(path, cat("a key that is a ", type), "keys are names, or 1 … n in a list");
  }

  void hole(int table, const std::string& path, lua_Integer length) {
    for (lua_Integer i = 1; i <= length; ++i) {
      const bool absent = lua_rawgeti(lua_, table, i) == LUA_TNIL;
      lua_pop(lua_, 1);
      if (!absent) continue;
      broken(path, cat("item ", i, " of ", length, " is nil"), "a misspelt variable or field?");
      return;
    }
  }

  lua_State* lua_;
  std::vector<ParamProblem>& problems_;
};

}  // namespace

Value to_value(lua_State* L, int index, std::vector<ParamProblem>& problems,
               const std::string& path) {
  return Converter(L, problems).convert(index, path, 0);
}

Value to_value_or_throw(lua_State* L, int index) {
  std::vector<ParamProblem> problems;
  Value value = to_value(L, index, problems);
  if (problems.empty()) return value;
  throw Error(ErrorCode::kUsage, problems[0].message, problems[0].hint);
}

TableParts to_table_parts(lua_State* L, int index, std::vector<ParamProblem>& problems) {
  return Converter(L, problems).split(lua_absindex(L, index), {}, 0);
}

namespace {

void push_map(lua_State* L, const Value::Map& map) {
  lua_createtable(L, 0, static_cast<int>(map.size()));
  for (const auto& [key, item] : map) {
    lua_pushlstring(L, key.data(), key.size());
    push_value(L, item);
    lua_rawset(L, -3);
  }
}

void push_list(lua_State* L, const Value::List& list) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  for (size_t i = 0; i < list.size(); ++i) {
    push_value(L, list[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
}

}  // namespace

void push_value(lua_State* L, const Value& value) {
  luaL_checkstack(L, 4, "values are nested too deeply");
  if (value.is_nil()) {
    lua_pushnil(L);
  } else if (value.is_bool()) {
    lua_pushboolean(L, value.as_bool() ? 1 : 0);
  } else if (value.is_integer()) {
    lua_pushinteger(L, value.as_integer());
  } else if (value.is_number()) {
    lua_pushnumber(L, value.as_number());
  } else if (value.is_string()) {
    lua_pushlstring(L, value.as_string().data(), value.as_string().size());
  } else if (value.is_list()) {
    push_list(L, value.as_list());
  } else if (value.is_map()) {
    push_map(L, value.as_map());
  } else if (auto function = value.object_as<RecipeFunction>()) {
    function->push(L);
  } else {
    push_object(L, value.as_object());
  }
}

}  // namespace kd::core
