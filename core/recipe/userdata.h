// Objects in Lua: userdata that hold an ObjectPtr, immutable, one metatable for each kind.
#pragma once

#include <lua.hpp>
#include <memory>

#include "kd/error.h"
#include "kd/value.h"

namespace kd::core {

// Metatables by the object's class. Each file of this folder adds the operations of its own.
namespace userdata {
inline constexpr const char* kComponent = "kd.component";
inline constexpr const char* kModel = "kd.model";
inline constexpr const char* kDataset = "kd.dataset";
inline constexpr const char* kObjective = "kd.objective";
inline constexpr const char* kStage = "kd.stage";
inline constexpr const char* kPendingStage = "kd.pending_stage";
inline constexpr const char* kStarter = "kd.starter";
inline constexpr const char* kConstructor = "kd.constructor";
inline constexpr const char* kNamespace = "kd.namespace";
inline constexpr const char* kModule = "kd.module";
inline constexpr const char* kArguments = "kd.arguments";
inline constexpr const char* kPlaceholder = "kd.placeholder";
inline constexpr const char* kOther = "kd.other";
}  // namespace userdata

// Makes all metatables, with __gc, __eq, __tostring and a __newindex that refuses.
void open_userdata(lua_State* L);
void add_metamethod(lua_State* L, const char* metatable, const char* name, lua_CFunction function);

void push_object(lua_State* L, ObjectPtr object);
// The object, or null when the value is no userdata of ours.
ObjectPtr object_at(lua_State* L, int index);

template <typename T>
std::shared_ptr<const T> object_as(lua_State* L, int index) {
  return std::dynamic_pointer_cast<const T>(object_at(L, index));
}

// The object at index 1 of a metamethod of T's own metatable.
template <typename T>
std::shared_ptr<const T> self(lua_State* L) {
  auto object = object_as<T>(L, 1);
  if (!object) throw Error(ErrorCode::kInternal, "a metamethod was called with another object");
  return object;
}

// "objective.redi", "model sft.student", "train stage sft": for print and messages.
std::string describe_object(const Object& object);

}  // namespace kd::core
