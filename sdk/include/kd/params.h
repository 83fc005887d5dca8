// Parameters of a component, declared once. From one declaration come the checks of a recipe's
// table, `kdrun plugins show`, the JSON schema and the editor annotations.
//
//   struct RediParams {
//     double alpha = 0.8;
//     static kd::Params<RediParams> params() {
//       kd::Params<RediParams> p;
//       p.add("alpha", &RediParams::alpha, "weight of the rejected trace").range(0, 1);
//       return p;
//     }
//   };
#pragma once

#include <filesystem>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "kd/error.h"
#include "kd/schedule.h"
#include "kd/value.h"

namespace kd {

struct Schema;

enum class ParamType {
  kBoolean,
  kInteger,
  kNumber,
  kSchedule,  // a number, a kd.schedule.*, or a function of the step
  kString,
  kPath,  // relative paths are resolved against the recipe's folder by the host
  kIntegers,
  kNumbers,
  kStrings,
  kTable,       // a nested table with its own schema
  kAny,         // plain data, unchecked
  kFunction,    // a recipe's function
  kModel,       // a teacher or student; the parameter's name is the role it plays
  kRows,        // a dataset
  kComponent,   // a component of `component_kind`, built before its owner
  kComponents,  // a list of those
  kHandle,      // an object of the host, by its type name (stages only)
};

// One declared parameter.
struct ParamSpec {
  std::string name;
  ParamType type = ParamType::kAny;
  Value default_value;  // nil: none
  bool required = false;
  double min = -std::numeric_limits<double>::infinity();  // inclusive
  double max = std::numeric_limits<double>::infinity();   // inclusive
  bool exclusive_min = false;
  std::vector<std::string> choices;
  std::string component_kind;
  std::string help;
  std::string unit;
  std::shared_ptr<const Schema> table;
};

// A problem in a table, in words that name the key: "unknown key 'aplha', did you mean 'alpha'?".
struct ParamProblem {
  std::string key;  // dotted path inside nested tables, empty when it concerns the whole table
  std::string message;
  std::string hint;
};

struct Schema {
  std::vector<ParamSpec> params;

  const ParamSpec* find(std::string_view name) const;
  std::vector<std::string> names() const;
  // Checks keys, types, ranges and required keys; appends all problems found. Returns the table
  // with defaults filled in and numbers converted to the declared type.
  Value::Map resolve(const Value::Map& given, std::vector<ParamProblem>& problems) const;
  // The same, throwing kd::Error(kUsage) with all problems; `owner` is e.g. "objective.redi".
  Value::Map resolve_or_throw(const Value::Map& given, std::string_view owner) const;
  // JSON-schema-like description, for tools.
  Value to_value() const;
};

// A model named by a parameter. The engine runs it; the component only asks for its outputs under
// the parameter's name as role ("teacher.logits").
struct ModelRef {
  ObjectPtr handle;
  explicit operator bool() const { return handle != nullptr; }
};

// A component instance built by the host for a parameter of kind kComponent.
class InstanceObject : public Object {
 public:
  InstanceObject(std::string kind, std::shared_ptr<void> instance)
      : kind_(std::move(kind)), instance_(std::move(instance)) {}
  std::string type_name() const override { return kind_; }
  const std::string& kind() const { return kind_; }
  const std::shared_ptr<void>& instance() const { return instance_; }

 private:
  std::string kind_;
  std::shared_ptr<void> instance_;  // points at the interface type of `kind`
};

// A parameter that is another component: `Ref<kd::Verifier> verifier;`. Interface I has kKind.
template <typename I>
using Ref = std::shared_ptr<I>;

class RowSource;

namespace detail {

template <typename T, typename = void>
struct HasParams : std::false_type {};
template <typename T>
struct HasParams<T, std::void_t<decltype(T::params())>> : std::true_type {};

template <typename T>
struct IsSharedPtr : std::false_type {
  static constexpr bool is_handle = false;
};
template <typename T>
struct IsSharedPtr<std::shared_ptr<T>> : std::true_type {
  using Element = std::remove_const_t<T>;
  // Objects of the host are shared and immutable; component instances are not const.
  static constexpr bool is_handle = std::is_const_v<T> && std::is_base_of_v<Object, T>;
};
template <typename T>
struct IsVectorOfShared : std::false_type {};
template <typename T>
struct IsVectorOfShared<std::vector<std::shared_ptr<T>>> : std::true_type {
  using Element = T;
};

std::shared_ptr<void> instance_of(const Value& value, std::string_view kind);
std::shared_ptr<const RowSource> rows_of(const Value& value);
std::shared_ptr<const Callable> callable_of(const Value& value);

}  // namespace detail

// Fluent part of a declaration, returned by Params<T>::add.
class ParamOptions {
 public:
  explicit ParamOptions(ParamSpec& spec) : spec_(spec) {}
  ParamOptions& required() {
    spec_.required = true;
    spec_.default_value = Value();
    return *this;
  }
  ParamOptions& range(double min, double max) {
    spec_.min = min;
    spec_.max = max;
    return *this;
  }
  ParamOptions& at_least(double min) {
    spec_.min = min;
    return *this;
  }
  ParamOptions& above(double min) {
    spec_.min = min;
    spec_.exclusive_min = true;
    return *this;
  }
  ParamOptions& choices(std::vector<std::string> allowed) {
    spec_.choices = std::move(allowed);
    return *this;
  }
  ParamOptions& unit(std::string unit) {
    spec_.unit = std::move(unit);
    return *this;
  }

 private:
  ParamSpec& spec_;
};

// The declaration of all parameters of T and the way back from a resolved table to a T.
// Defaults are the member initialisers of T.
template <typename T>
class Params {
 public:
  // `member` may be bool, an integer, double, std::string, std::filesystem::path, Schedule,
  // vectors of int64_t, double or std::string, Value, Value::Map, ModelRef, Ref<Interface>,
  // std::vector<Ref<Interface>>, std::shared_ptr<const RowSource>, std::shared_ptr<const Callable>,
  // std::shared_ptr<const H> for an Object H with kTypeName, or a struct with its own params(). The
  // reference returned is valid until the next add().
  template <typename M, typename Owner>
  ParamOptions add(std::string name, M Owner::*member, std::string help);  // T may inherit it

  const Schema& schema() const { return schema_; }

  // `resolved` comes from Schema::resolve. Keys that are absent keep their defaults.
  T parse(const Value::Map& resolved) const {
    T out{};
    for (const auto& [name, set] : setters_) {
      auto it = resolved.find(name);
      if (it != resolved.end() && !it->second.is_nil()) set(out, it->second);
    }
    return out;
  }

 private:
  Schema schema_;
  std::vector<std::pair<std::string, std::function<void(T&, const Value&)>>> setters_;
};

// --- implementation ---------------------------------------------------------------------------

namespace detail {

// Type, default and conversion for one member type.
template <typename M>
struct ParamTraits {
  static void declare(ParamSpec& spec, const M& initial) {
    if constexpr (std::is_same_v<M, bool>) {
      spec.type = ParamType::kBoolean;
      spec.default_value = Value(initial);
    } else if constexpr (std::is_integral_v<M>) {
      spec.type = ParamType::kInteger;
      spec.default_value = Value(static_cast<int64_t>(initial));
      // A narrow member must not wrap; range() and its like only tighten this.
      if constexpr (std::is_unsigned_v<M>) spec.min = 0;
      if constexpr (sizeof(M) < sizeof(int64_t)) {
        spec.min = static_cast<double>(std::numeric_limits<M>::min());
        spec.max = static_cast<double>(std::numeric_limits<M>::max());
      }
    } else if constexpr (std::is_floating_point_v<M>) {
      spec.type = ParamType::kNumber;
      spec.default_value = Value(static_cast<double>(initial));
    } else if constexpr (std::is_same_v<M, std::string>) {
      spec.type = ParamType::kString;
      spec.default_value = Value(initial);
    } else if constexpr (std::is_same_v<M, std::filesystem::path>) {
      spec.type = ParamType::kPath;
      if (!initial.empty()) spec.default_value = Value(initial.string());
    } else if constexpr (std::is_same_v<M, Schedule>) {
      spec.type = ParamType::kSchedule;
      if (initial.is_constant()) spec.default_value = Value(initial.constant());
    } else if constexpr (std::is_same_v<M, std::vector<int64_t>>) {
      spec.type = ParamType::kIntegers;
      spec.default_value = Value(Value::List(initial.begin(), initial.end()));
    } else if constexpr (std::is_same_v<M, std::vector<double>>) {
      spec.type = ParamType::kNumbers;
      spec.default_value = Value(Value::List(initial.begin(), initial.end()));
    } else if constexpr (std::is_same_v<M, std::vector<std::string>>) {
      spec.type = ParamType::kStrings;
      spec.default_value = Value(Value::List(initial.begin(), initial.end()));
    } else if constexpr (std::is_same_v<M, ModelRef>) {
      spec.type = ParamType::kModel;
    } else if constexpr (std::is_same_v<M, std::shared_ptr<const RowSource>>) {
      spec.type = ParamType::kRows;
    } else if constexpr (std::is_same_v<M, std::shared_ptr<const Callable>>) {
      spec.type = ParamType::kFunction;
    } else if constexpr (IsSharedPtr<M>::is_handle) {
      spec.type = ParamType::kHandle;
      spec.component_kind = IsSharedPtr<M>::Element::kTypeName;
    } else if constexpr (IsSharedPtr<M>::value) {
      spec.type = ParamType::kComponent;
      spec.component_kind = IsSharedPtr<M>::Element::kKind;
    } else if constexpr (IsVectorOfShared<M>::value) {
      spec.type = ParamType::kComponents;
      spec.component_kind = IsVectorOfShared<M>::Element::kKind;
    } else if constexpr (HasParams<M>::value) {
      spec.type = ParamType::kTable;
      spec.table = std::make_shared<const Schema>(M::params().schema());
    } else {
      static_assert(std::is_same_v<M, Value> || std::is_same_v<M, Value::Map>,
                    "this member type cannot be a parameter");
      spec.type = ParamType::kAny;
    }
  }

  static M convert(const Value& v) {
    if constexpr (std::is_same_v<M, bool>) {
      return v.as_bool();
    } else if constexpr (std::is_integral_v<M>) {
      return static_cast<M>(v.as_integer());
    } else if constexpr (std::is_floating_point_v<M>) {
      return static_cast<M>(v.as_number());
    } else if constexpr (std::is_same_v<M, std::string>) {
      return v.as_string();
    } else if constexpr (std::is_same_v<M, std::filesystem::path>) {
      return std::filesystem::path(v.as_string());
    } else if constexpr (std::is_same_v<M, Schedule>) {
      return Schedule::from_value(v);
    } else if constexpr (std::is_same_v<M, std::vector<int64_t>> ||
                         std::is_same_v<M, std::vector<double>> ||
                         std::is_same_v<M, std::vector<std::string>>) {
      M out;
      for (const auto& item : v.as_list())
        out.push_back(ParamTraits<typename M::value_type>::convert(item));
      return out;
    } else if constexpr (std::is_same_v<M, ModelRef>) {
      return ModelRef{v.as_object()};
    } else if constexpr (std::is_same_v<M, std::shared_ptr<const RowSource>>) {
      return rows_of(v);
    } else if constexpr (std::is_same_v<M, std::shared_ptr<const Callable>>) {
      return callable_of(v);
    } else if constexpr (IsSharedPtr<M>::is_handle) {
      return v.object_as<typename IsSharedPtr<M>::Element>();
    } else if constexpr (IsSharedPtr<M>::value) {
      using I = typename IsSharedPtr<M>::Element;
      return std::static_pointer_cast<I>(instance_of(v, I::kKind));
    } else if constexpr (IsVectorOfShared<M>::value) {
      using I = typename IsVectorOfShared<M>::Element;
      M out;
      for (const auto& item : v.as_list())
        out.push_back(std::static_pointer_cast<I>(instance_of(item, I::kKind)));
      return out;
    } else if constexpr (HasParams<M>::value) {
      return M::params().parse(v.as_map());
    } else if constexpr (std::is_same_v<M, Value::Map>) {
      return v.as_map();
    } else {
      return v;
    }
  }
};

}  // namespace detail

template <typename T>
template <typename M, typename Owner>
ParamOptions Params<T>::add(std::string name, M Owner::*member, std::string help) {
  static_assert(std::is_base_of_v<Owner, T>, "the member belongs to another struct");
  const T initial{};
  ParamSpec spec;
  spec.name = name;
  spec.help = std::move(help);
  detail::ParamTraits<M>::declare(spec, initial.*member);
  schema_.params.push_back(std::move(spec));
  setters_.emplace_back(std::move(name), [member](T& out, const Value& v) {
    out.*member = detail::ParamTraits<M>::convert(v);
  });
  return ParamOptions(schema_.params.back());
}

// For components without parameters.
struct NoParams {
  static Params<NoParams> params() { return {}; }
};

}  // namespace kd
