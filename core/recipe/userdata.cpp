#include "core/recipe/userdata.h"

#include <new>
#include <string>
#include <utility>

#include "core/recipe/handles.h"
#include "core/recipe/lua_state.h"
#include "core/recipe/objects.h"
#include "kd/error.h"

namespace kd::core {
namespace {

const char kOwnKey = 0;  // marks our metatables

template <typename T>
bool is(const Object& object) {
  return dynamic_cast<const T*>(&object) != nullptr;
}

const char* metatable_of(const Object& object) {
  if (is<ModelHandle>(object)) return userdata::kModel;
  if (is<DatasetHandle>(object)) return userdata::kDataset;
  if (is<ObjectiveHandle>(object)) return userdata::kObjective;
  if (is<ComponentHandle>(object)) return userdata::kComponent;
  if (is<StageObject>(object)) return userdata::kStage;
  if (is<PendingStage>(object)) return userdata::kPendingStage;
  if (is<StageStarter>(object)) return userdata::kStarter;
  if (is<Constructor>(object)) return userdata::kConstructor;
  if (is<Namespace>(object)) return userdata::kNamespace;
  if (is<KdModule>(object)) return userdata::kModule;
  if (is<ArgumentTable>(object)) return userdata::kArguments;
  if (is<Placeholder>(object)) return userdata::kPlaceholder;
  return userdata::kOther;
}

ObjectPtr& payload(lua_State* L, int index) {
  return *static_cast<ObjectPtr*>(lua_touserdata(L, index));
}

int collect(lua_State* L) {
  payload(L, 1).~ObjectPtr();
  return 0;
}

int equal(lua_State* L) {
  const ObjectPtr a = object_at(L, 1), b = object_at(L, 2);
  lua_pushboolean(L, a != nullptr && a == b ? 1 : 0);
  return 1;
}

int to_string(lua_State* L) {
  const ObjectPtr object = object_at(L, 1);
  const std::string text = object ? describe_object(*object) : "?";
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

int refuse_change(lua_State* L) {
  const ObjectPtr object = object_at(L, 1);
  const char* key = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : "a key";
  throw Error(ErrorCode::kUsage, cat("cannot set '", key, "': a ",
                                     object ? object->type_name() : "handle", " never changes"));
}

void make_metatable(lua_State* L, const char* type, const char* word) {
  luaL_newmetatable(L, type);
  lua_pushboolean(L, 1);
  lua_rawsetp(L, -2, &kOwnKey);
  lua_pushboolean(L, 0);
  lua_setfield(L, -2, "__metatable");
  lua_pushstring(L, word);
  lua_setfield(L, -2, "__name");
  lua_pop(L, 1);
  add_metamethod(L, type, "__gc", &collect);
  add_metamethod(L, type, "__eq", &guarded<&equal>);
  add_metamethod(L, type, "__tostring", &guarded<&to_string>);
  add_metamethod(L, type, "__newindex", &guarded<&refuse_change>);
}

std::string describe_dataset_handle(const DatasetHandle& dataset) {
  if (dataset.source) {
    return cat("dataset ", dataset.source->name, dataset.split.empty() ? "" : ".", dataset.split);
  }
  if (dataset.input) return "derived dataset";
  return cat("dataset ", dataset.stage, ".", dataset.output);
}

}  // namespace

void open_userdata(lua_State* L) {
  make_metatable(L, userdata::kComponent, "component");
  make_metatable(L, userdata::kModel, "model");
  make_metatable(L, userdata::kDataset, "dataset");
  make_metatable(L, userdata::kObjective, "objective");
  make_metatable(L, userdata::kStage, "stage");
  make_metatable(L, userdata::kPendingStage, "stage without its table");
  make_metatable(L, userdata::kStarter, "stage type");
  make_metatable(L, userdata::kConstructor, "constructor");
  make_metatable(L, userdata::kNamespace, "kd namespace");
  make_metatable(L, userdata::kModule, "module kd");
  make_metatable(L, userdata::kArguments, "arguments");
  make_metatable(L, userdata::kPlaceholder, "value with an error above");
  make_metatable(L, userdata::kOther, "object");
}

void add_metamethod(lua_State* L, const char* metatable, const char* name, lua_CFunction function) {
  luaL_getmetatable(L, metatable);
  lua_pushcfunction(L, function);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

void push_object(lua_State* L, ObjectPtr object) {
  const char* type = metatable_of(*object);
  void* block = lua_newuserdatauv(L, sizeof(ObjectPtr), 0);
  new (block) ObjectPtr(std::move(object));
  luaL_setmetatable(L, type);
}

ObjectPtr object_at(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TUSERDATA || !lua_getmetatable(L, index)) return nullptr;
  const bool ours = lua_rawgetp(L, -1, &kOwnKey) == LUA_TBOOLEAN;
  lua_pop(L, 2);
  return ours ? payload(L, index) : nullptr;
}

std::string describe_object(const Object& object) {
  if (const auto* component = dynamic_cast<const ComponentHandle*>(&object)) {
    return cat(component->kind, ".", component->name);
  }
  if (const auto* model = dynamic_cast<const ModelHandle*>(&object)) {
    return model->component ? cat("model ", model->component->name)
                            : cat("model ", model->stage, ".", model->output);
  }
  if (const auto* dataset = dynamic_cast<const DatasetHandle*>(&object)) {
    return describe_dataset_handle(*dataset);
  }
  if (const auto* objective = dynamic_cast<const ObjectiveHandle*>(&object)) {
    std::vector<std::string> names;
    for (const auto& part : objective->parts) names.push_back(part.component->name);
    return cat("objective ", join(names, " + "));
  }
  if (const auto* stage = dynamic_cast<const StageObject*>(&object)) {
    return cat(stage->type, " stage ", stage->name);
  }
  return object.type_name();
}

bool contains_placeholder(const Value& value) {
  if (value.object_as<Placeholder>()) return true;
  if (value.is_list()) {
    for (const Value& item : value.as_list()) {
      if (contains_placeholder(item)) return true;
    }
  }
  if (value.is_map()) {
    for (const auto& [key, item] : value.as_map()) {
      if (contains_placeholder(item)) return true;
    }
  }
  return false;
}

}  // namespace kd::core
