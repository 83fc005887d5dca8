#include "core/recipe/arguments.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <memory>
#include <optional>
#include <utility>

#include "core/recipe/session.h"
#include "core/recipe/userdata.h"
#include "core/recipe/values.h"
#include "kd/error.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

struct TypeName {
  const char* name;
  ParamType type;
};
constexpr TypeName kTypes[] = {
    {"boolean", ParamType::kBoolean}, {"choice", ParamType::kString},
    {"integer", ParamType::kInteger}, {"number", ParamType::kNumber},
    {"path", ParamType::kPath},       {"string", ParamType::kString},
};

// What a declaration's table may hold besides its default.
Schema declaration_schema(const std::string& type) {
  const bool ranged = type == "number" || type == "integer";
  Schema schema;
  auto add = [&](std::string name, ParamType param_type, std::string help) {
    ParamSpec spec;
    spec.name = std::move(name);
    spec.type = param_type;
    spec.help = std::move(help);
    schema.params.push_back(std::move(spec));
  };
  add("help", ParamType::kString, "one line for --help");
  add("required", ParamType::kBoolean, "whether --set must give it");
  if (ranged) add("min", ParamType::kNumber, "least value");
  if (ranged) add("max", ParamType::kNumber, "greatest value");
  if (type == "choice") add("default", ParamType::kString, "the choice without --set");
  return schema;
}

void set_default(ParamSpec& spec, const std::string& type, const TableParts& given) {
  if (type == "choice") {
    for (const Value& item : given.items) spec.choices.push_back(item.as_string());
    if (spec.choices.empty()) throw Error(ErrorCode::kUsage, "kd.choice needs its choices");
    spec.default_value = Value(spec.choices.front());
    if (const auto it = given.named.find("default"); it != given.named.end()) {
      spec.default_value = it->second;
    }
    return;
  }
  if (given.items.size() > 1) {
    throw Error(ErrorCode::kUsage, cat("kd.", type, " has one default, got ", given.items.size()));
  }
  if (!given.items.empty()) spec.default_value = given.items[0];
}

ParamSpec make_spec(const std::string& type, const TableParts& given) {
  const Value::Map options =
      declaration_schema(type).resolve_or_throw(given.named, cat("kd.", type));
  auto option = [&](const char* name) {
    const auto it = options.find(name);
    return it == options.end() ? Value() : it->second;
  };
  ParamSpec spec;
  for (const auto& known : kTypes) {
    if (type == known.name) spec.type = known.type;
  }
  if (!option("help").is_nil()) spec.help = option("help").as_string();
  if (!option("required").is_nil()) spec.required = option("required").as_bool();
  if (!option("min").is_nil()) spec.min = option("min").as_number();
  if (!option("max").is_nil()) spec.max = option("max").as_number();
  set_default(spec, type, given);
  if (spec.required && type != "choice" && !spec.default_value.is_nil()) {
    throw Error(ErrorCode::kUsage, cat("kd.", type, ": a required argument has no default"));
  }
  return spec;
}

// kd.number { 0.8, min = 0 }. Upvalue: the type's name.
int declare_argument(lua_State* L) {
  const std::string type = lua_tostring(L, lua_upvalueindex(1));
  Session& session = Session::of(L);
  const CallSite site = call_site(L);
  try {
    if (!lua_istable(L, 1)) {
      throw Error(ErrorCode::kUsage, cat("kd.", type, " takes a table"),
                  cat("kd.", type, " { default, help = \"…\" }"));
    }
    std::vector<ParamProblem> problems;
    const TableParts given = to_table_parts(L, 1, problems);
    if (!problems.empty()) throw Error(ErrorCode::kUsage, problems[0].message, problems[0].hint);
    auto declaration = std::make_shared<ArgumentDeclaration>();
    declaration->spec = make_spec(type, given);
    declaration->where = site.where;
    push_object(L, std::move(declaration));
  } catch (const Error& error) {
    session.report(Problem::from_error(error, site.where, ""));
    push_object(L, std::make_shared<Placeholder>());
  }
  return 1;
}

// A declaration from a plain default: its type is the default's.
std::optional<ParamSpec> spec_of_default(const Value& value) {
  ParamSpec spec;
  spec.default_value = value;
  if (value.is_bool()) {
    spec.type = ParamType::kBoolean;
  } else if (value.is_integer()) {
    spec.type = ParamType::kInteger;
  } else if (value.is_number()) {
    spec.type = ParamType::kNumber;
  } else if (value.is_string()) {
    spec.type = ParamType::kString;
  } else {
    return std::nullopt;
  }
  return spec;
}

Value parse_boolean(const std::string& text) {
  if (text == "true") return Value(true);
  if (text == "false") return Value(false);
  return Value(text);
}

// The text of --set as the declared type; text that cannot be read stays text, which the checks
// of the type then refuse.
Value parse_setting(const ParamSpec& spec, const std::string& text) {
  const char* end = text.data() + text.size();
  if (spec.type == ParamType::kBoolean) return parse_boolean(text);
  if (spec.type == ParamType::kPath) return Value(fs::absolute(text).lexically_normal().string());
  if (spec.type == ParamType::kString) return Value(text);
  if (int64_t whole = 0; std::from_chars(text.data(), end, whole).ptr == end && !text.empty()) {
    return Value(whole);
  }
  if (double number = 0; std::from_chars(text.data(), end, number).ptr == end && !text.empty()) {
    return Value(number);
  }
  return Value(text);
}

// Gives every declared argument its value.
class ArgumentReader {
 public:
  ArgumentReader(Session& session, CallSite site) : session_(session), site_(std::move(site)) {}

  void declare(const std::string& name, const Value& given) {
    if (given.object_as<Placeholder>()) return;
    RecipeArgument argument;
    if (auto declaration = given.object_as<ArgumentDeclaration>()) {
      argument.spec = declaration->spec;
      argument.where = declaration->where;
    } else if (auto spec = spec_of_default(given)) {
      argument.spec = std::move(*spec);
      argument.where = session_.key_place(site_, "args", name);
    } else {
      report(session_.key_place(site_, "args", name),
             cat("'", name, "' must be a default or a kd.number, kd.choice, …, got ",
                 given.preview()));
      return;
    }
    argument.spec.name = name;
    if (argument.spec.type == ParamType::kPath) absolute_default(argument.spec);
    set_value(argument);
    session_.arguments.push_back(std::move(argument));
  }

 private:
  void report(const SourceLocation& where, std::string message, std::string hint = {}) {
    session_.report({where, "args", "", std::move(message), std::move(hint)});
  }

  // Paths in a recipe are relative to its folder; those of --set to the working directory.
  void absolute_default(ParamSpec& spec) const {
    if (!spec.default_value.is_string()) return;
    spec.default_value =
        (session_.folder() / spec.default_value.as_string()).lexically_normal().string();
  }

  const std::string* setting(const std::string& name) const {
    const std::string* found = nullptr;
    for (const auto& [key, text] : session_.options().set) {
      if (key == name) found = &text;
    }
    return found;
  }

  void set_value(RecipeArgument& argument) {
    const std::string* text = setting(argument.spec.name);
    Value value = text ? parse_setting(argument.spec, *text) : argument.spec.default_value;
    if (argument.spec.required && !text) {
      report(argument.where, cat("the argument '", argument.spec.name, "' has no value"),
             cat("give it with --set ", argument.spec.name, "=…"));
      argument.value = Value(std::make_shared<Placeholder>());
      return;
    }
    if (value.is_nil()) return;
    Schema schema;
    schema.params.push_back(argument.spec);
    schema.params[0].default_value = Value();
    schema.params[0].required = false;
    std::vector<ParamProblem> problems;
    Value::Map resolved = schema.resolve({{argument.spec.name, value}}, problems);
    for (const ParamProblem& problem : problems) {
      if (text) {
        session_.report({{},
                         cat("--set ", argument.spec.name, "=", *text),
                         argument.spec.name,
                         problem.message,
                         problem.hint});
      } else {
        report(argument.where, problem.message, problem.hint);
      }
    }
    argument.value =
        problems.empty() ? resolved.at(argument.spec.name) : Value(std::make_shared<Placeholder>());
  }

  Session& session_;
  CallSite site_;
};

std::shared_ptr<const ArgumentTable> make_table(Session& session) {
  auto table = std::make_shared<ArgumentTable>();
  for (const auto& argument : session.arguments) {
    table->names.push_back(argument.spec.name);
    if (!argument.value.is_nil()) table->values[argument.spec.name] = argument.value;
  }
  return table;
}

int declare_all(lua_State* L) {
  Session& session = Session::of(L);
  const CallSite site = call_site(L);
  if (session.argument_table) {
    session.report({site.where, "args", "",
                    cat("the arguments are declared at ", session.argument_place.str(), " already"),
                    "one kd.args a recipe"});
    push_object(L, session.argument_table);
    return 1;
  }
  luaL_checktype(L, 1, LUA_TTABLE);
  std::vector<ParamProblem> problems;
  const TableParts given = to_table_parts(L, 1, problems);
  for (const ParamProblem& problem : problems) {
    session.report({session.key_place(site, "args", problem.key), "args", problem.key,
                    problem.message, problem.hint});
  }
  if (!given.items.empty()) {
    session.report(
        {site.where, "args", "", "arguments have names: kd.args { name = default }", ""});
  }
  ArgumentReader reader(session, site);
  for (const auto& [name, value] : given.named) reader.declare(name, value);
  refuse_unknown_settings(session);
  std::stable_sort(session.arguments.begin(), session.arguments.end(),
                   [](const auto& x, const auto& y) { return x.where.line < y.where.line; });
  session.argument_table = make_table(session);
  session.argument_place = site.where;
  if (session.stop_at_arguments) throw FinalError(std::make_exception_ptr(PlanEnded()));
  push_object(L, session.argument_table);
  return 1;
}

// args.alpha
int index_arguments(lua_State* L) {
  const auto table = self<ArgumentTable>(L);
  const std::string name = luaL_checkstring(L, 2);
  if (const auto it = table->values.find(name); it != table->values.end()) {
    push_value(L, it->second);
    return 1;
  }
  Session& session = Session::of(L);
  const auto& names = table->names;
  const bool declared = std::find(names.begin(), names.end(), name) != names.end();
  if (declared) {
    lua_pushnil(L);  // it has no default, and no value was given
    return 1;
  }
  session.report({call_site(L).where, "args", name, cat("there is no argument '", name, "'"),
                  did_you_mean(name, names)});
  push_object(L, std::make_shared<Placeholder>());
  return 1;
}

}  // namespace

void refuse_unknown_settings(Session& session) {
  std::vector<std::string> names;
  for (const auto& argument : session.arguments) names.push_back(argument.spec.name);
  for (const auto& [name, text] : session.options().set) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    session.report({{},
                    cat("--set ", name, "=", text),
                    name,
                    cat("the recipe has no argument '", name, "'"),
                    did_you_mean(name, names)});
  }
}

void open_arguments(lua_State* L) {
  add_metamethod(L, userdata::kArguments, "__index", &guarded<&index_arguments>);
}

std::vector<std::string> argument_functions() {
  std::vector<std::string> names{"args"};
  for (const auto& type : kTypes) names.emplace_back(type.name);
  return names;
}

bool push_argument_function(lua_State* L, const std::string& name) {
  if (name == "args") {
    lua_pushcfunction(L, &guarded<&declare_all>);
    return true;
  }
  const bool known = std::any_of(std::begin(kTypes), std::end(kTypes),
                                 [&](const TypeName& type) { return name == type.name; });
  if (!known) return false;
  lua_pushlstring(L, name.data(), name.size());
  lua_pushcclosure(L, &guarded<&declare_argument>, 1);
  return true;
}

}  // namespace kd::core
