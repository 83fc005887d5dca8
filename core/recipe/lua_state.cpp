#include "core/recipe/lua_state.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "kd/error.h"

namespace kd::core {
namespace {

const char kFinalErrorKey = 0;
constexpr int kFramesTold = 10;

// The error value of a FinalError: a userdata that keeps the cause.
void push_final_error(lua_State* L, const FinalError& error) {
  void* block = lua_newuserdatauv(L, sizeof(std::exception_ptr), 0);
  new (block) std::exception_ptr(error.cause());
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kFinalErrorKey);
  lua_setmetatable(L, -2);
}

std::exception_ptr final_cause(lua_State* L, int index) {
  return *static_cast<std::exception_ptr*>(lua_touserdata(L, index));
}

int collect_final_error(lua_State* L) {
  static_cast<std::exception_ptr*>(lua_touserdata(L, 1))->~exception_ptr();
  return 0;
}

void register_final_error(lua_State* L) {
  lua_createtable(L, 0, 2);
  lua_pushcfunction(L, &collect_final_error);
  lua_setfield(L, -2, "__gc");
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kFinalErrorKey);
}

bool is_recipe_frame(const lua_Debug& frame) {
  return frame.currentline > 0 && frame.source[0] == '@';
}

// The frames of recipe files above the failing one.
std::string recipe_frames(lua_State* L) {
  std::string out;
  lua_Debug frame{};
  int told = 0;
  for (int level = 1; lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Sl", &frame);
    if (!is_recipe_frame(frame)) continue;
    if (told > kFramesTold) return out + "\n  …";
    if (told++ > 0) out += cat("\n  called from ", frame.source + 1, ":", frame.currentline);
  }
  return out;
}

// Message handler: adds where the call came from. Final errors pass as they are.
int add_frames(lua_State* L) {
  if (is_final_error(L, 1)) return 1;
  std::string text;
  if (lua_type(L, 1) == LUA_TSTRING) {
    text = lua_tostring(L, 1);
  } else {
    text = cat(call_site(L).where.str(), ": error was called with a ", luaL_typename(L, 1));
  }
  text += recipe_frames(L);
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

}  // namespace

LuaState::LuaState(size_t memory_limit, void* owner) {
  memory_.limit = memory_limit;
  lua_ = lua_newstate(&LuaState::allocate, &memory_);
  if (!lua_) throw Error(ErrorCode::kMemory, "not enough memory for a Lua interpreter");
  std::memcpy(lua_getextraspace(lua_), &owner, sizeof(owner));
  register_final_error(lua_);
}

LuaState::~LuaState() { lua_close(lua_); }

void* LuaState::owner_of(lua_State* L) {
  void* owner = nullptr;
  std::memcpy(&owner, lua_getextraspace(L), sizeof(owner));
  return owner;
}

void* LuaState::allocate(void* memory, void* block, size_t old_size, size_t new_size) {
  auto& account = *static_cast<Memory*>(memory);
  const size_t held = block ? old_size : 0;  // without a block, old_size is the kind of object
  if (new_size == 0) {
    std::free(block);
    account.used -= held;
    return nullptr;
  }
  if (new_size > held && account.used - held + new_size > account.limit) return nullptr;
  void* moved = std::realloc(block, new_size);
  if (moved) account.used = account.used - held + new_size;
  return moved;
}

void LuaState::load_text(std::string_view text, const std::string& chunk_name) {
  if (!text.empty() && text[0] == LUA_SIGNATURE[0]) {
    throw Error(ErrorCode::kUsage, "this is Lua bytecode; recipes are text", {}, chunk_name);
  }
  if (text.substr(0, 3) == "\xEF\xBB\xBF") text.remove_prefix(3);
  if (!text.empty() && text[0] == '#') text.remove_prefix(std::min(text.find('\n'), text.size()));
  const std::string name = "@" + chunk_name;
  const int status = luaL_loadbufferx(lua_, text.data(), text.size(), name.c_str(), "t");
  if (status == LUA_OK) return;
  std::string message = lua_tostring(lua_, -1);
  lua_pop(lua_, 1);
  const bool placed = message.rfind(chunk_name, 0) == 0;
  throw Error(ErrorCode::kUsage, std::move(message), {}, placed ? "" : chunk_name);
}

void LuaState::call(int arguments, int results) {
  const int function = lua_gettop(lua_) - arguments;
  lua_pushcfunction(lua_, &add_frames);
  lua_insert(lua_, function);
  const int status = lua_pcall(lua_, arguments, results, function);
  lua_remove(lua_, function);
  if (status == LUA_OK) return;
  if (is_final_error(lua_, -1)) {
    const std::exception_ptr cause = final_cause(lua_, -1);
    lua_pop(lua_, 1);
    std::rethrow_exception(cause);
  }
  std::string message = lua_isstring(lua_, -1) ? lua_tostring(lua_, -1) : "an error without text";
  lua_pop(lua_, 1);
  if (status != LUA_ERRMEM) throw Error(ErrorCode::kUsage, std::move(message));
  throw Error(ErrorCode::kUsage,
              cat("the recipe needs more than ", memory_.limit >> 20U, " MiB of memory"),
              "recipes describe; data belongs into a data source");
}

void push_exception(lua_State* L, const std::exception& error) {
  if (const auto* final = dynamic_cast<const FinalError*>(&error)) {
    push_final_error(L, *final);
    return;
  }
  const auto* own = dynamic_cast<const Error*>(&error);
  const bool placed = own && !own->where().empty();
  const std::string text =
      placed ? std::string(error.what()) : cat(call_site(L).where.str(), ": ", error.what());
  lua_pushlstring(L, text.data(), text.size());
}

bool is_final_error(lua_State* L, int index) {
  if (!lua_isuserdata(L, index) || !lua_getmetatable(L, index)) return false;
  lua_rawgetp(L, LUA_REGISTRYINDEX, &kFinalErrorKey);
  const bool same = lua_rawequal(L, -1, -2) != 0;
  lua_pop(L, 2);
  return same;
}

CallSite call_site(lua_State* L) {
  CallSite site;
  lua_Debug frame{};
  for (int level = 0; lua_getstack(L, level, &frame) != 0; ++level) {
    lua_getinfo(L, "Slt", &frame);
    if (is_recipe_frame(frame)) {
      site.where = {frame.source + 1, frame.currentline};
      return site;
    }
    site.tail_call = site.tail_call || frame.istailcall != 0;
  }
  return site;
}

}  // namespace kd::core
