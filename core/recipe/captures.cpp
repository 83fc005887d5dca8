#include "core/recipe/captures.h"

#include <cstdio>
#include <set>
#include <string_view>
#include <vector>

#include "core/recipe/handles.h"
#include "core/recipe/iteration.h"
#include "core/recipe/objects.h"
#include "core/recipe/sandbox.h"
#include "core/recipe/userdata.h"
#include "kd/error.h"
#include "kd/json.h"

namespace kd::core {
namespace {

// --- code -------------------------------------------------------------------------------------

// Reads a stripped dump of Lua 5.4 and leaves out the lines at which functions begin and end,
// which lua_dump keeps.
class DumpReader {
 public:
  explicit DumpReader(std::string_view dump) : dump_(dump) {}

  std::string without_lines() {
    take(kHeaderBytes);
    take(1);  // number of upvalues
    function();
    return std::move(out_);
  }

 private:
  // Signature, version, format, check data, three sizes, an integer and a number.
  static constexpr size_t kHeaderBytes =
      4 + 1 + 1 + 6 + 3 + sizeof(lua_Integer) + sizeof(lua_Number);

  void take(size_t count) {
    if (count > dump_.size() - at_) throw Error(ErrorCode::kInternal, "a function's dump is short");
    out_.append(dump_.substr(at_, count));
    at_ += count;
  }
  // Seven bits a byte, the highest first; the last byte has its top bit set.
  size_t number(bool keep = true) {
    size_t value = 0;
    const size_t begin = at_;
    for (bool last = false; !last;) {
      if (at_ >= dump_.size()) throw Error(ErrorCode::kInternal, "a function's dump is short");
      const auto byte = static_cast<unsigned char>(dump_[at_++]);
      value = (value << 7U) | (byte & 0x7fU);
      last = (byte & 0x80U) != 0;
    }
    if (keep) out_.append(dump_.substr(begin, at_ - begin));
    return value;
  }
  void string() {
    const size_t size = number();  // 0: none; else length + 1
    if (size > 1) take(size - 1);
  }
  void constants() {
    for (size_t n = number(); n > 0; --n) {
      const auto type = static_cast<unsigned char>(dump_.at(at_));
      take(1);
      if ((type & 0x0fU) == LUA_TSTRING) string();
      if (type == kNumberTag || type == kIntegerTag) take(8);
    }
  }
  void function() {
    string();  // source: none, as it is stripped
    number(false);
    number(false);
    take(3);  // parameters, variadic, stack size
    take(number() * 4);
    constants();
    take(number() * 3);  // upvalues: where each one is captured
    for (size_t n = number(); n > 0; --n) function();
    for (int tables = 0; tables < 4; ++tables) number();  // debug tables, empty
  }

  static constexpr unsigned char kIntegerTag = LUA_TNUMBER;
  static constexpr unsigned char kNumberTag = LUA_TNUMBER | 1U << 4U;

  std::string_view dump_;
  size_t at_ = 0;
  std::string out_;
};

int append_chunk(lua_State*, const void* bytes, size_t count, void* out) {
  static_cast<std::string*>(out)->append(static_cast<const char*>(bytes), count);
  return 0;
}

std::string code_of(lua_State* L, int function) {
  std::string dump;
  lua_pushvalue(L, function);
  lua_dump(L, &append_chunk, &dump, 1);
  lua_pop(L, 1);
  return DumpReader(dump).without_lines();
}

// --- captured values --------------------------------------------------------------------------

// Functions cannot do anything with a handle but pass it on, so its description is enough.
Value plain_description(const Value& value);

Value plain_map(const Value::Map& map) {
  Value::Map out;
  for (const auto& [key, item] : map) out[key] = plain_description(item);
  return Value(std::move(out));
}

Value plain_component(const ComponentPtr& component) {
  if (!component) return {};
  return Value::List{component->kind, component->name, plain_map(component->params)};
}

Value plain_dataset(const DatasetHandle& dataset) {
  const Value input = dataset.input ? plain_dataset(*dataset.input) : Value();
  return Value::List{static_cast<int>(dataset.op),
                     plain_component(dataset.source),
                     dataset.split,
                     dataset.stage,
                     dataset.output,
                     plain_map(dataset.options),
                     input};
}

Value plain_description(const Value& value) {
  if (value.is_map()) return plain_map(value.as_map());
  if (value.is_list()) {
    Value::List out;
    for (const Value& item : value.as_list()) out.push_back(plain_description(item));
    return Value(std::move(out));
  }
  if (!value.is_object()) return value;
  if (auto component = value.object_as<ComponentHandle>()) return plain_component(component);
  if (auto model = value.object_as<ModelHandle>()) {
    return Value::List{plain_component(model->component), model->stage, model->output};
  }
  if (auto dataset = value.object_as<DatasetHandle>()) return plain_dataset(*dataset);
  if (auto objective = value.object_as<ObjectiveHandle>()) {
    Value::List parts;
    for (const auto& part : objective->parts) parts.push_back(plain_component(part.component));
    return Value(std::move(parts));
  }
  if (auto function = value.object_as<Callable>()) return Value(function->fingerprint());
  return Value(value.type_name());
}

bool is_capturable(const Object& object) {
  return dynamic_cast<const ComponentHandle*>(&object) ||
         dynamic_cast<const ModelHandle*>(&object) || dynamic_cast<const DatasetHandle*>(&object) ||
         dynamic_cast<const ObjectiveHandle*>(&object) ||
         dynamic_cast<const ArgumentTable*>(&object) || dynamic_cast<const Placeholder*>(&object);
}

class CaptureWriter {
 public:
  explicit CaptureWriter(lua_State* L) : lua_(L) {}

  std::string function(int index) {
    const int at = lua_absindex(lua_, index);
    if (std::string name; is_library_value(lua_, at, &name)) return cat("library ", name, ";");
    if (lua_iscfunction(lua_, at) != 0) fail("a function of the host");
    if (!visited_.insert(lua_topointer(lua_, at)).second) return "again;";
    luaL_checkstack(lua_, 8, "functions are nested too deeply");
    std::string out = cat("function ", code_of(lua_, at), "{");
    for (int i = 1;; ++i) {
      const char* name = lua_getupvalue(lua_, at, i);
      if (!name) break;
      path_.emplace_back(name);
      out += value(-1);
      path_.pop_back();
      lua_pop(lua_, 1);
    }
    return out + "};";
  }

 private:
  [[noreturn]] void fail(const std::string& what) {
    const std::string name = path_.empty() ? "itself" : cat("'", join(path_, "."), "'");
    throw Error(ErrorCode::kUsage, cat("this function captures ", name, ", ", what),
                "functions given to the host may use plain data, handles and functions of that "
                "kind; copy what is needed into a local before");
  }

  std::string value(int index) {
    const int at = lua_absindex(lua_, index);
    if (std::string name; is_library_value(lua_, at, &name)) return cat("library ", name, ";");
    switch (lua_type(lua_, at)) {
      case LUA_TNIL:
        return "nil;";
      case LUA_TBOOLEAN:
        return lua_toboolean(lua_, at) != 0 ? "true;" : "false;";
      case LUA_TNUMBER:
        return number(at);
      case LUA_TSTRING: {
        size_t length = 0;
        const char* text = lua_tolstring(lua_, at, &length);
        return cat("string ", length, ":", std::string(text, length), ";");
      }
      case LUA_TTABLE:
        return table(at);
      case LUA_TFUNCTION:
        return function(at);
      default:
        return object(at);
    }
  }

  std::string number(int at) const {
    if (lua_isinteger(lua_, at) != 0) return cat("integer ", lua_tointeger(lua_, at), ";");
    char text[40];
    std::snprintf(text, sizeof(text), "number %a;", static_cast<double>(lua_tonumber(lua_, at)));
    return text;
  }

  std::string object(int at) {
    const ObjectPtr held = object_at(lua_, at);
    if (!held) fail(cat("a ", luaL_typename(lua_, at)));
    if (!is_capturable(*held)) fail(cat("a ", held->type_name()));
    if (auto arguments = std::dynamic_pointer_cast<const ArgumentTable>(held)) {
      return to_json(plain_map(arguments->values)) + ";";
    }
    return cat("handle ", to_json(plain_description(Value(held))), ";");
  }

  std::string table(int at) {
    if (lua_getmetatable(lua_, at) != 0) fail("a table with a metatable");
    if (!visited_.insert(lua_topointer(lua_, at)).second) return "again;";
    luaL_checkstack(lua_, 8, "tables are nested too deeply");
    const char* unordered = push_sorted_keys(lua_, at);
    if (unordered) fail(cat("a table with a key that is a ", unordered));
    std::string out = "table{";
    const int keys = lua_gettop(lua_);
    for (lua_Integer i = 1; lua_rawgeti(lua_, keys, i) != LUA_TNIL; ++i) {
      lua_pushvalue(lua_, -1);
      lua_rawget(lua_, at);  // the key at -2, its value at -1
      path_.push_back(lua_type(lua_, -2) == LUA_TSTRING ? lua_tostring(lua_, -2) : "[…]");
      out += value(-2) + value(-1);
      path_.pop_back();
      lua_pop(lua_, 2);
    }
    lua_settop(lua_, keys - 1);
    return out + "};";
  }

  lua_State* lua_;
  std::set<const void*> visited_;
  std::vector<std::string> path_;  // names from the function to the value
};

}  // namespace

std::string function_identity(lua_State* L, int index) { return CaptureWriter(L).function(index); }

}  // namespace kd::core
