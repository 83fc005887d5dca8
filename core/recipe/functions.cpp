#include "core/recipe/functions.h"

#include <utility>

#include "core/pipeline/hash.h"
#include "core/recipe/captures.h"
#include "core/recipe/session.h"
#include "core/recipe/values.h"
#include "kd/error.h"

namespace kd::core {

RecipeFunction::RecipeFunction(std::weak_ptr<Session> session, int reference, SourceLocation where,
                               std::string fingerprint)
    : session_(std::move(session)),
      reference_(reference),
      where_(std::move(where)),
      fingerprint_(std::move(fingerprint)) {}

// While the session is being destroyed, lock() is null and the registry goes as a whole.
RecipeFunction::~RecipeFunction() {
  if (auto session = session_.lock()) {
    luaL_unref(session->lua().get(), LUA_REGISTRYINDEX, reference_);
  }
}

void RecipeFunction::push(lua_State* L) const { lua_rawgeti(L, LUA_REGISTRYINDEX, reference_); }

Value RecipeFunction::call(const std::vector<Value>& arguments) const {
  const auto session = session_.lock();
  if (!session) {
    throw Error(ErrorCode::kInternal, "a function was called after its recipe had ended", {},
                where_.str());
  }
  if (!session->on_own_thread()) {
    throw Error(ErrorCode::kInternal, "a recipe's function was called from another thread", {},
                where_.str());
  }
  lua_State* L = session->lua().get();
  const Watchdog::Resume counting(session->watchdog());
  const StackGuard guard(L);
  if (lua_checkstack(L, static_cast<int>(arguments.size()) + 8) == 0) {
    throw Error(ErrorCode::kUsage, "functions call each other too deeply", {}, where_.str());
  }
  push(L);
  for (const Value& argument : arguments) push_value(L, argument);
  session->lua().call(static_cast<int>(arguments.size()), 1);
  try {
    return to_value_or_throw(L, -1);
  } catch (Error& error) {
    error.add_where(cat(where_.str(), ": result of the function"));
    throw;
  }
}

std::shared_ptr<const RecipeFunction> make_function(lua_State* L, int index) {
  const int at = lua_absindex(L, index);
  std::string fingerprint = sha256_hex(function_identity(L, at));
  lua_Debug frame{};
  lua_pushvalue(L, at);
  lua_getinfo(L, ">S", &frame);
  SourceLocation where;
  if (frame.source[0] == '@') where = {frame.source + 1, frame.linedefined};
  lua_pushvalue(L, at);
  const int reference = luaL_ref(L, LUA_REGISTRYINDEX);
  return std::make_shared<const RecipeFunction>(Session::of(L).weak_from_this(), reference,
                                                std::move(where), std::move(fingerprint));
}

}  // namespace kd::core
