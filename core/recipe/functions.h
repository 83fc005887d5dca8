// Functions of a recipe as kd::Callable.
#pragma once

#include <lua.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/recipe/handles.h"
#include "kd/value.h"

namespace kd::core {

class Session;

// A function that lives in its session's interpreter. After the session is gone, calls are errors.
class RecipeFunction : public Callable {
 public:
  RecipeFunction(std::weak_ptr<Session> session, int reference, SourceLocation where,
                 std::string fingerprint);
  ~RecipeFunction() override;
  RecipeFunction(const RecipeFunction&) = delete;
  RecipeFunction& operator=(const RecipeFunction&) = delete;

  // [main] kd::Error(kUsage) with recipe.lua:LINE when the function fails.
  Value call(const std::vector<Value>& arguments) const override;
  std::string fingerprint() const override { return fingerprint_; }
  const SourceLocation& where() const { return where_; }
  // Pushes the Lua function itself; only onto the stack of its own interpreter.
  void push(lua_State* L) const;

 private:
  std::weak_ptr<Session> session_;
  int reference_;
  SourceLocation where_;
  std::string fingerprint_;
};

// Takes the function at `index` out of Lua. It may capture plain data, handles and functions of
// that kind; throws kd::Error(kUsage) that names any other captured value.
std::shared_ptr<const RecipeFunction> make_function(lua_State* L, int index);

}  // namespace kd::core
