#include "core/recipe/iteration.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "core/recipe/objects.h"
#include "core/recipe/userdata.h"
#include "core/recipe/values.h"
#include "kd/error.h"

namespace kd::core {
namespace {

// A key that has a place in the order.
struct Key {
  int rank = 0;  // 0 number, 1 string, 2 boolean
  bool integer = false;
  lua_Integer whole = 0;
  lua_Number number = 0;
  std::string text;
  bool flag = false;

  friend bool operator<(const Key& a, const Key& b) {
    if (a.rank != b.rank) return a.rank < b.rank;
    if (a.rank == 1) return a.text < b.text;
    if (a.rank == 2) return static_cast<int>(a.flag) < static_cast<int>(b.flag);
    return a.integer && b.integer ? a.whole < b.whole : a.number < b.number;
  }
};

Key key_at(lua_State* L, int index) {
  Key key;
  switch (lua_type(L, index)) {
    case LUA_TNUMBER:
      key.integer = lua_isinteger(L, index) != 0;
      key.number = lua_tonumber(L, index);
      if (key.integer) key.whole = lua_tointeger(L, index);
      return key;
    case LUA_TSTRING: {
      size_t length = 0;
      const char* text = lua_tolstring(L, index, &length);
      key.rank = 1;
      key.text.assign(text, length);
      return key;
    }
    case LUA_TBOOLEAN:
      key.rank = 2;
      key.flag = lua_toboolean(L, index) != 0;
      return key;
    default:
      throw Error(ErrorCode::kUsage,
                  cat("keys that are a ", luaL_typename(L, index), " have no order"),
                  "use numbers or strings as keys");
  }
}

void push_key(lua_State* L, const Key& key) {
  if (key.rank == 1) {
    lua_pushlstring(L, key.text.data(), key.text.size());
  } else if (key.rank == 2) {
    lua_pushboolean(L, key.flag ? 1 : 0);
  } else if (key.integer) {
    lua_pushinteger(L, key.whole);
  } else {
    lua_pushnumber(L, key.number);
  }
}

std::vector<Key> keys_of(lua_State* L, int table, const char** unordered = nullptr) {
  std::vector<Key> keys;
  lua_pushnil(L);
  while (lua_next(L, table) != 0) {
    lua_pop(L, 1);
    const int type = lua_type(L, -1);
    const bool ordered = type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN;
    if (ordered || !unordered) {
      keys.push_back(key_at(L, -1));
    } else {
      *unordered = lua_typename(L, type);
    }
  }
  return keys;
}

void push_keys(lua_State* L, std::vector<Key> keys) {
  std::sort(keys.begin(), keys.end());
  lua_createtable(L, static_cast<int>(keys.size()), 0);
  for (size_t i = 0; i < keys.size(); ++i) {
    push_key(L, keys[i]);
    lua_rawseti(L, -2, static_cast<lua_Integer>(i + 1));
  }
}

// The arguments of a recipe iterate like a table.
void check_table(lua_State* L) {
  if (auto arguments = object_as<ArgumentTable>(L, 1)) {
    push_value(L, Value(arguments->values));
    lua_replace(L, 1);
  } else if (object_as<Placeholder>(L, 1)) {
    lua_createtable(L, 0, 0);
    lua_replace(L, 1);
  }
  luaL_checktype(L, 1, LUA_TTABLE);
}

// Upvalues: the sorted keys, the position. Entries that have gone since are passed over.
int step(lua_State* L) {
  lua_Integer position = lua_tointeger(L, lua_upvalueindex(2));
  for (;;) {
    ++position;
    if (lua_rawgeti(L, lua_upvalueindex(1), position) == LUA_TNIL) return 1;
    lua_pushvalue(L, -1);
    if (lua_rawget(L, 1) != LUA_TNIL) break;
    lua_pop(L, 2);
  }
  lua_pushinteger(L, position);
  lua_replace(L, lua_upvalueindex(2));
  return 2;
}

}  // namespace

const char* push_sorted_keys(lua_State* L, int table) {
  const char* unordered = nullptr;
  push_keys(L, keys_of(L, lua_absindex(L, table), &unordered));
  return unordered;
}

int sorted_pairs(lua_State* L) {
  luaL_checkany(L, 1);
  check_table(L);
  push_keys(L, keys_of(L, 1));
  lua_pushinteger(L, 0);
  lua_pushcclosure(L, &step, 2);
  lua_pushvalue(L, 1);
  lua_pushnil(L);
  return 3;
}

int sorted_next(lua_State* L) {
  luaL_checkany(L, 1);
  check_table(L);
  lua_settop(L, 2);
  std::optional<Key> after;
  if (!lua_isnil(L, 2)) after = key_at(L, 2);
  std::optional<Key> best;
  for (Key& key : keys_of(L, 1)) {
    const bool candidate = !after || *after < key;
    if (candidate && (!best || key < *best)) best = std::move(key);
  }
  if (!best) {
    lua_pushnil(L);
    return 1;
  }
  push_key(L, *best);
  lua_pushvalue(L, -1);
  lua_rawget(L, 1);
  return 2;
}

}  // namespace kd::core
