// A Lua interpreter that C++ can rely on: it belongs to an object, its memory is bounded, C++
// exceptions do not cross it and text is all it loads.
//
// Lua is built as C++ here: lua_error unwinds C++ frames, so destructors run. What must not happen
// is `catch (...)` around Lua calls (it would swallow Lua's own error) and a C++ exception that
// reaches lua_pcall (it arrives without its message). `guarded` sees to both.
#pragma once

#include <cstddef>
#include <exception>
#include <lua.hpp>
#include <string>
#include <string_view>

#include "core/recipe/handles.h"

namespace kd::core {

// Thrown through Lua by what a recipe's pcall must not catch: the planned end of a pass, a stage
// that failed, a timeout. `cause` is what the host is to see.
class FinalError : public std::exception {
 public:
  explicit FinalError(std::exception_ptr cause) : cause_(std::move(cause)) {}
  const char* what() const noexcept override { return "the pass has ended"; }
  const std::exception_ptr& cause() const { return cause_; }

 private:
  std::exception_ptr cause_;
};

// Owns a lua_State. Not thread-safe; one thread uses it from birth to death.
class LuaState {
 public:
  // `owner` is what owner_of() answers inside callbacks.
  LuaState(size_t memory_limit, void* owner);
  ~LuaState();
  LuaState(const LuaState&) = delete;
  LuaState& operator=(const LuaState&) = delete;

  lua_State* get() const { return lua_; }
  size_t memory_limit() const { return memory_.limit; }
  size_t memory_used() const { return memory_.used; }

  static void* owner_of(lua_State* L);

  // Pushes the chunk as a function. Throws kd::Error(kUsage) for bytecode and syntax errors.
  void load_text(std::string_view text, const std::string& chunk_name);

  // lua_pcall for the host. Throws kd::Error(kUsage) with "recipe.lua:LINE: …" and the recipe's
  // frames, or what a FinalError carries.
  void call(int arguments, int results);

 private:
  struct Memory {
    size_t used = 0;
    size_t limit = 0;
  };
  static void* allocate(void* memory, void* block, size_t old_size, size_t new_size);

  Memory memory_;
  lua_State* lua_ = nullptr;
};

// Turns what a callback threw into the Lua error on top of the stack; the caller raises it.
void push_exception(lua_State* L, const std::exception& error);
// Whether the value is the error that pcall must pass on, and raising it again.
bool is_final_error(lua_State* L, int index);

// A callback for Lua from a C++ function that may throw std::exception.
template <int (*F)(lua_State*)>
int guarded(lua_State* L) {
  try {
    return F(L);
  } catch (const std::exception& error) {
    push_exception(L, error);
  }
  return lua_error(L);
}

// A place in the recipe that is being executed.
struct CallSite {
  SourceLocation where;
  bool tail_call = false;  // `return kd.x {}`: the line is that of the nearest live caller
};
CallSite call_site(lua_State* L);

// Pops the top of the stack on leaving a scope of host code.
class StackGuard {
 public:
  explicit StackGuard(lua_State* L) : lua_(L), top_(lua_gettop(L)) {}
  ~StackGuard() { lua_settop(lua_, top_); }
  StackGuard(const StackGuard&) = delete;
  StackGuard& operator=(const StackGuard&) = delete;

 private:
  lua_State* lua_;
  int top_;
};

}  // namespace kd::core
