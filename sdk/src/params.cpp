#include "kd/params.h"

#include <algorithm>
#include <cmath>

#include "kd/data.h"
#include "sdk/src/number_text.h"

namespace kd {
namespace detail {

std::shared_ptr<void> instance_of(const Value& value, std::string_view kind) {
  auto object = value.object_as<InstanceObject>();
  if (object && object->kind() == kind) return object->instance();
  throw Error(ErrorCode::kInternal,
              cat("expected an instance of kind '", kind, "', got ", value.preview()));
}

std::shared_ptr<const RowSource> rows_of(const Value& value) {
  if (auto rows = value.object_as<RowSource>()) return rows;
  throw Error(ErrorCode::kInternal, cat("expected rows, got ", value.preview()));
}

std::shared_ptr<const Callable> callable_of(const Value& value) {
  if (auto function = value.object_as<Callable>()) return function;
  throw Error(ErrorCode::kUsage, cat("expected a function, got ", value.preview()));
}

}  // namespace detail

namespace {

std::string with_article(const std::string& noun) {
  const bool vowel = !noun.empty() && std::string_view("aeiou").find(noun[0]) != std::string::npos;
  return cat(vowel ? "an " : "a ", noun);
}

// "a number", "a list of integers", "a verify": what a value must be, for messages.
std::string expectation(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kBoolean:
      return "true or false";
    case ParamType::kInteger:
      return "an integer";
    case ParamType::kNumber:
      return "a number";
    case ParamType::kSchedule:
      return "a number, a kd.schedule or a function of the step";
    case ParamType::kString:
      return "a string";
    case ParamType::kPath:
      return "a path (a string)";
    case ParamType::kIntegers:
      return "a list of integers";
    case ParamType::kNumbers:
      return "a list of numbers";
    case ParamType::kStrings:
      return "a list of strings";
    case ParamType::kTable:
      return "a table";
    case ParamType::kAny:
      return "a value";
    case ParamType::kFunction:
      return "a function";
    case ParamType::kModel:
      return "a model (a teacher or a student)";
    case ParamType::kRows:
      return "a dataset";
    case ParamType::kComponents:
      return cat("a list whose items are each ", with_article(spec.component_kind));
    case ParamType::kComponent:
    case ParamType::kHandle:
      return with_article(spec.component_kind);
  }
  return "a value";
}

std::string bounds(const ParamSpec& spec) {
  const bool below = std::isfinite(spec.min), above = std::isfinite(spec.max);
  const std::string min = detail::shortest(spec.min), max = detail::shortest(spec.max);
  if (below && above) return cat("in ", spec.exclusive_min ? "(" : "[", min, ", ", max, "]");
  if (below) return cat(spec.exclusive_min ? "above " : "at least ", min);
  return cat("at most ", max);
}

bool is_object_named(const Value& value, std::string_view type) {
  return value.is_object() && value.type_name() == type;
}

bool reads_as_list(const Value& value) {
  return value.is_list() || (value.is_map() && value.as_map().empty());
}

bool reads_as_integer(const Value& value) {
  if (value.is_integer()) return true;
  if (!value.is_number()) return false;
  const double number = value.as_number();
  return std::trunc(number) == number && std::abs(number) <= 0x1p63 && number < 0x1p63;
}

// Checks the table of one schema; collects what is wrong.
class Resolver {
 public:
  Resolver(std::string prefix, std::vector<ParamProblem>& problems)
      : prefix_(std::move(prefix)), problems_(problems) {}

  Value::Map resolve(const Schema& schema, const Value::Map& given) {
    report_unknown(schema, given);
    Value::Map out;
    for (const auto& spec : schema.params) {
      const auto it = given.find(spec.name);
      const bool absent = it == given.end() || it->second.is_nil();
      Value value = absent ? absent_value(spec) : check(spec, it->second);
      if (!value.is_nil()) out.emplace(spec.name, std::move(value));
    }
    return out;
  }

 private:
  std::string path(const std::string& name) const {
    return prefix_.empty() ? name : cat(prefix_, ".", name);
  }

  void problem(const std::string& name, std::string message, std::string hint = {}) {
    problems_.push_back({path(name), std::move(message), std::move(hint)});
  }

  void mismatch(const std::string& name, const std::string& expected, const Value& actual) {
    problem(name, cat("'", path(name), "' must be ", expected, ", got ", actual.preview()));
  }

  void report_unknown(const Schema& schema, const Value::Map& given) {
    for (const auto& [key, value] : given) {
      if (schema.find(key)) continue;
      problem(key, cat("unknown key '", path(key), "'"), did_you_mean(key, schema.names()));
    }
  }

  Value absent_value(const ParamSpec& spec) {
    if (spec.required) {
      problem(spec.name, cat("missing key '", path(spec.name), "'"),
              cat(spec.name, " = ", expectation(spec), spec.help.empty() ? "" : ": ", spec.help));
      return {};
    }
    if (spec.type != ParamType::kTable || !spec.table) return spec.default_value;
    // A table whose own keys all have defaults has one too.
    std::vector<ParamProblem> missing;
    Value::Map defaults = Resolver(path(spec.name), missing).resolve(*spec.table, {});
    return missing.empty() ? Value(std::move(defaults)) : Value();
  }

  // The value converted to the declared type, or nil after reporting what is wrong with it.
  Value check(const ParamSpec& spec, const Value& value) {
    switch (spec.type) {
      case ParamType::kBoolean:
        return accept_if(value.is_bool(), spec, value);
      case ParamType::kInteger:
      case ParamType::kNumber:
      case ParamType::kSchedule:
      case ParamType::kString:
      case ParamType::kPath:
        return check_scalar(spec, spec.name, value);
      case ParamType::kIntegers:
      case ParamType::kNumbers:
      case ParamType::kStrings:
      case ParamType::kComponents:
        return check_list(spec, value);
      case ParamType::kTable:
        return check_table(spec, value);
      case ParamType::kFunction:
        return accept_if(is_object_named(value, "function"), spec, value);
      case ParamType::kModel:
        return accept_if(is_object_named(value, "model"), spec, value);
      case ParamType::kRows:
        return accept_if(is_object_named(value, "dataset"), spec, value);
      case ParamType::kComponent:
      case ParamType::kHandle:
        return accept_if(is_object_named(value, spec.component_kind), spec, value);
      case ParamType::kAny:
        return value;
    }
    return value;
  }

  Value accept_if(bool right, const ParamSpec& spec, const Value& value) {
    if (right) return value;
    mismatch(spec.name, expectation(spec), value);
    return {};
  }

  Value check_table(const ParamSpec& spec, const Value& value) {
    const bool table = value.is_map() || (value.is_list() && value.as_list().empty());
    if (!table) return accept_if(false, spec, value);
    if (!spec.table) return value;
    return Value(Resolver(path(spec.name), problems_).resolve(*spec.table, value.as_map()));
  }

  Value check_list(const ParamSpec& spec, const Value& value) {
    if (!reads_as_list(value)) return accept_if(false, spec, value);
    ParamSpec item = spec;
    item.type = spec.type == ParamType::kIntegers  ? ParamType::kInteger
                : spec.type == ParamType::kNumbers ? ParamType::kNumber
                : spec.type == ParamType::kStrings ? ParamType::kString
                                                   : ParamType::kComponent;
    Value::List out;
    for (size_t i = 0; i < value.as_list().size(); ++i) {
      const Value& element = value.as_list()[i];
      item.name = cat(spec.name, "[", i + 1, "]");  // counted as recipes count
      out.push_back(item.type == ParamType::kComponent ? check(item, element)
                                                       : check_scalar(item, item.name, element));
    }
    return Value(std::move(out));
  }

  Value check_scalar(const ParamSpec& spec, const std::string& name, const Value& value) {
    const bool schedule = is_object_named(value, "schedule") || is_object_named(value, "function");
    const bool text = spec.type == ParamType::kString || spec.type == ParamType::kPath;
    if (spec.type == ParamType::kSchedule && schedule) return value;
    const bool typed = text                               ? value.is_string()
                       : spec.type == ParamType::kInteger ? reads_as_integer(value)
                                                          : value.is_number();
    if (!typed || (value.is_number() && std::isnan(value.as_number()))) {
      return accept_if(false, spec_named(spec, name), value);
    }
    if (text) return check_choice(spec, name, value);
    return check_range(spec, name, value);
  }

  static ParamSpec spec_named(ParamSpec spec, const std::string& name) {
    spec.name = name;
    return spec;
  }

  Value check_choice(const ParamSpec& spec, const std::string& name, const Value& value) {
    const std::string& word = value.as_string();
    const auto& allowed = spec.choices;
    const bool found = std::find(allowed.begin(), allowed.end(), word) != allowed.end();
    if (allowed.empty() || found) return value;
    problem(name, cat("'", path(name), "' cannot be ", value.preview()),
            did_you_mean(word, allowed));
    return {};
  }

  Value check_range(const ParamSpec& spec, const std::string& name, const Value& value) {
    const double number = value.as_number();
    const bool enough = spec.exclusive_min ? number > spec.min : number >= spec.min;
    if (!enough || number > spec.max) {
      mismatch(name, bounds(spec), value);
      return {};
    }
    return spec.type == ParamType::kInteger ? Value(value.as_integer()) : Value(number);
  }

  std::string prefix_;
  std::vector<ParamProblem>& problems_;
};

std::string type_word(const ParamSpec& spec) {
  switch (spec.type) {
    case ParamType::kBoolean:
      return "boolean";
    case ParamType::kInteger:
      return "integer";
    case ParamType::kNumber:
      return "number";
    case ParamType::kSchedule:
      return "schedule";
    case ParamType::kString:
      return "string";
    case ParamType::kPath:
      return "path";
    case ParamType::kIntegers:
      return "integers";
    case ParamType::kNumbers:
      return "numbers";
    case ParamType::kStrings:
      return "strings";
    case ParamType::kTable:
      return "table";
    case ParamType::kAny:
      return "any";
    case ParamType::kFunction:
      return "function";
    case ParamType::kModel:
      return "model";
    case ParamType::kRows:
      return "dataset";
    case ParamType::kComponent:
    case ParamType::kComponents:
    case ParamType::kHandle:
      return spec.component_kind;
  }
  return "any";
}

Value property(const ParamSpec& spec) {
  if (spec.type == ParamType::kTable && spec.table) {
    Value::Map table = spec.table->to_value().as_map();
    if (!spec.help.empty()) table["description"] = spec.help;
    return Value(std::move(table));
  }
  Value::Map out{{"type", type_word(spec)}};
  if (spec.type == ParamType::kComponents) out = {{"type", "list"}, {"items", type_word(spec)}};
  if (!spec.help.empty()) out["description"] = spec.help;
  if (!spec.unit.empty()) out["unit"] = spec.unit;
  if (!spec.default_value.is_nil()) out["default"] = spec.default_value;
  if (std::isfinite(spec.min)) out[spec.exclusive_min ? "exclusiveMinimum" : "minimum"] = spec.min;
  if (std::isfinite(spec.max)) out["maximum"] = spec.max;
  if (!spec.choices.empty()) {
    out["enum"] = Value(Value::List(spec.choices.begin(), spec.choices.end()));
  }
  return Value(std::move(out));
}

}  // namespace

const ParamSpec* Schema::find(std::string_view name) const {
  for (const auto& spec : params) {
    if (spec.name == name) return &spec;
  }
  return nullptr;
}

std::vector<std::string> Schema::names() const {
  std::vector<std::string> out;
  for (const auto& spec : params) out.push_back(spec.name);
  return out;
}

Value::Map Schema::resolve(const Value::Map& given, std::vector<ParamProblem>& problems) const {
  return Resolver({}, problems).resolve(*this, given);
}

Value::Map Schema::resolve_or_throw(const Value::Map& given, std::string_view owner) const {
  std::vector<ParamProblem> problems;
  Value::Map resolved = resolve(given, problems);
  if (problems.empty()) return resolved;
  if (problems.size() == 1) {
    throw Error(ErrorCode::kUsage, problems[0].message, problems[0].hint, std::string(owner));
  }
  std::string message = cat(problems.size(), " problems");
  for (const auto& [key, text, hint] : problems) {
    message += cat("\n  - ", text, hint.empty() ? "" : "; ", hint);
  }
  throw Error(ErrorCode::kUsage, message, {}, std::string(owner));
}

Value Schema::to_value() const {
  Value::Map properties;
  Value::List required;
  for (const auto& spec : params) {
    properties.emplace(spec.name, property(spec));
    if (spec.required) required.push_back(spec.name);
  }
  return Value::Map{{"type", "object"},
                    {"additionalProperties", false},
                    {"properties", std::move(properties)},
                    {"required", std::move(required)}};
}

}  // namespace kd
