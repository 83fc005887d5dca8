// Plain data that crosses the border between recipes, host and plugins.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace kd {

class Value;

// Something a Value can hold by reference: a component, a dataset, a function. [any]
class Object {
 public:
  virtual ~Object();
  // The word for it in messages: "teacher", "dataset", "function".
  virtual std::string type_name() const = 0;

 protected:
  Object() = default;
  Object(const Object&) = default;
  Object& operator=(const Object&) = default;
};

using ObjectPtr = std::shared_ptr<const Object>;

// A function written in a recipe. Calling it runs Lua, so it belongs to the main thread and never
// into a loop over tokens. Errors inside it come back as kd::Error with recipe.lua:LINE. [main]
class Callable : public Object {
 public:
  std::string type_name() const override { return "function"; }
  // Hash of its code and of the values it captures: equal functions give equal stage keys.
  virtual std::string fingerprint() const = 0;
  virtual Value call(const std::vector<Value>& arguments) const = 0;
};

// nil, boolean, integer, number, string, list, map or object. A value type: copies are deep,
// except for objects, which are shared and immutable.
class Value {
 public:
  using List = std::vector<Value>;
  using Map = std::map<std::string, Value, std::less<>>;

  Value() = default;
  Value(bool v) : data_(v) {}                           // NOLINT(*-explicit-*)
  Value(int v) : data_(static_cast<int64_t>(v)) {}      // NOLINT(*-explicit-*)
  Value(int64_t v) : data_(v) {}                        // NOLINT(*-explicit-*)
  Value(double v) : data_(v) {}                         // NOLINT(*-explicit-*)
  Value(const char* v) : data_(std::string(v)) {}       // NOLINT(*-explicit-*)
  Value(std::string_view v) : data_(std::string(v)) {}  // NOLINT(*-explicit-*)
  Value(std::string v) : data_(std::move(v)) {}         // NOLINT(*-explicit-*)
  Value(List v) : data_(std::move(v)) {}                // NOLINT(*-explicit-*)
  Value(Map v) : data_(std::move(v)) {}                 // NOLINT(*-explicit-*)
  Value(ObjectPtr v) : data_(std::move(v)) {}           // NOLINT(*-explicit-*)
  template <typename T, typename = std::enable_if_t<std::is_base_of_v<Object, T>>>
  Value(std::shared_ptr<T> v) : data_(ObjectPtr(std::move(v))) {}  // NOLINT(*-explicit-*)

  bool is_nil() const { return holds<std::monostate>(); }
  bool is_bool() const { return holds<bool>(); }
  bool is_integer() const { return holds<int64_t>(); }
  bool is_number() const { return holds<double>() || holds<int64_t>(); }
  bool is_string() const { return holds<std::string>(); }
  bool is_list() const { return holds<List>(); }
  bool is_map() const { return holds<Map>(); }
  bool is_object() const { return holds<ObjectPtr>(); }

  // Access with conversion where nothing is lost (2000.0 is an integer, 3 is a number).
  // Throw kd::Error(kUsage) that names the actual value otherwise.
  bool as_bool() const;
  int64_t as_integer() const;
  double as_number() const;
  const std::string& as_string() const;
  const List& as_list() const;
  const Map& as_map() const;
  const ObjectPtr& as_object() const;

  // The object as T, or null when this is no T.
  template <typename T>
  std::shared_ptr<const T> object_as() const {
    const auto* object = std::get_if<ObjectPtr>(&data_);
    return object ? std::dynamic_pointer_cast<const T>(*object) : nullptr;
  }

  // The member of a map, or null when this is no map or has no such key.
  const Value* find(std::string_view key) const;

  // "nil", "boolean", "integer", "number", "string", "list", "table", or the object's own name.
  std::string type_name() const;
  // For messages: 'text', 0.5, {…}; long texts are shortened.
  std::string preview() const;

  // Objects compare by identity.
  friend bool operator==(const Value& a, const Value& b) { return a.data_ == b.data_; }
  friend bool operator!=(const Value& a, const Value& b) { return !(a == b); }

 private:
  template <typename T>
  bool holds() const {
    return std::holds_alternative<T>(data_);
  }

  std::variant<std::monostate, bool, int64_t, double, std::string, List, Map, ObjectPtr> data_;
};

// One record of a dataset: column name to value.
using Row = Value::Map;

}  // namespace kd
