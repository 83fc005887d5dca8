#include "core/recipe/components.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <set>
#include <utility>

#include "core/recipe/datasets.h"
#include "core/recipe/objects.h"
#include "core/recipe/session.h"
#include "core/recipe/userdata.h"
#include "kd/data.h"
#include "kd/error.h"
#include "kd/model.h"
#include "kd/objective.h"
#include "kd/schedule.h"
#include "kd/tokenizer.h"

namespace kd::core {
namespace {

// What a recipe calls a kind -> the catalog's kinds behind it. A teacher need not be a model.
std::vector<std::string> catalog_kinds(const std::string& recipe_kind) {
  if (recipe_kind == "student") return {Model::kKind};
  if (recipe_kind == "teacher") return {Model::kKind, "teacher"};
  return {recipe_kind};
}

bool is_role(const std::string& recipe_kind) {
  return recipe_kind == "teacher" || recipe_kind == "student";
}

const ComponentInfo* find_component(Session& session, const std::string& kind,
                                    const std::string& name) {
  const Watchdog::Pause pause(session.watchdog());
  return session.catalog().find(kind, name);
}

std::vector<std::string> component_names(Session& session, const std::string& recipe_kind) {
  std::vector<std::string> names;
  for (const std::string& kind : catalog_kinds(recipe_kind)) {
    for (std::string& name : session.catalog().names(kind)) names.push_back(std::move(name));
  }
  std::sort(names.begin(), names.end());
  return names;
}

// kd.objective.redi
int index_namespace(lua_State* L) {
  Session& session = Session::of(L);
  const std::string kind = self<Namespace>(L)->name;
  const std::string name = luaL_checkstring(L, 2);
  for (const std::string& catalog_kind : catalog_kinds(kind)) {
    const auto names = session.catalog().names(catalog_kind);
    if (std::find(names.begin(), names.end(), name) == names.end()) continue;
    auto constructor = std::make_shared<Constructor>();
    constructor->recipe_kind = kind;
    constructor->kind = catalog_kind;
    constructor->name = name;
    push_object(L, std::move(constructor));
    return 1;
  }
  session.report({call_site(L).where, "", name, cat("there is no kd.", kind, ".", name),
                  did_you_mean(name, component_names(session, kind))});
  push_object(L, std::make_shared<Placeholder>());
  return 1;
}

// --- from a table to a component --------------------------------------------------------------

// kd.schedule.linear(0.4, 1.0): numbers for the first parameters, in order.
void take_positional(lua_State* L, const Constructor& constructor, const Schema& schema,
                     GivenTable& given) {
  const int count = lua_gettop(L) - 1;
  const bool schedule = constructor.kind == ScheduleFunction::kKind;
  for (int i = 1; i <= count && schedule; ++i) {
    if (i > static_cast<int>(schema.params.size())) break;
    const std::string& name = schema.params[static_cast<size_t>(i - 1)].name;
    given.named[name] = to_value(L, i + 1, given.problems, name);
  }
  if (schedule && count > static_cast<int>(schema.params.size())) {
    given.problems.push_back({"", cat("takes at most ", schema.params.size(), " values"), ""});
  }
  if (!schedule) {
    const std::string got = count == 0 ? "nothing" : cat("a ", luaL_typename(L, 2));
    given.problems.push_back(
        {"", cat("takes one table, got ", got), cat("kd.", constructor.owner(), " { … }")});
  }
}

GivenTable take_arguments(lua_State* L, const Constructor& constructor, const Schema& schema) {
  GivenTable given;
  given.owner = constructor.owner();
  given.callee = constructor.name;
  given.site = call_site(L);
  if (lua_gettop(L) != 2 || !lua_istable(L, 2)) {
    take_positional(L, constructor, schema, given);
    return given;
  }
  TableParts parts = to_table_parts(L, 2, given.problems);
  given.named = std::move(parts.named);
  if (!parts.items.empty()) {
    given.problems.push_back({"", cat("takes keys only, got the item ", parts.items[0].preview()),
                              did_you_mean("", schema.names())});
  }
  return given;
}

std::filesystem::path absolute_path(const Session& session, const std::string& path) {
  std::filesystem::path out = (session.folder() / path).lexically_normal();
  return out.has_filename() ? out : out.parent_path();  // "a/b/" is a/b
}

// Relative paths become absolute, also those in nested tables.
void resolve_paths(const Session& session, const Schema& schema, Value::Map& params) {
  for (auto& [key, value] : params) {
    const ParamSpec* spec = schema.find(key);
    if (!spec) continue;
    if (spec->type == ParamType::kPath && value.is_string()) {
      value = Value(absolute_path(session, value.as_string()).string());
    } else if (spec->type == ParamType::kTable && spec->table && value.is_map()) {
      Value::Map nested = value.as_map();
      resolve_paths(session, *spec->table, nested);
      value = Value(std::move(nested));
    }
  }
}

// A source with several splits is no dataset until one is chosen.
void check_splits(Session& session, const std::string& key, const Value& value,
                  std::vector<ParamProblem>& problems) {
  if (value.is_list()) {
    const auto& list = value.as_list();
    for (size_t i = 0; i < list.size(); ++i) {
      check_splits(session, cat(key, "[", i + 1, "]"), list[i], problems);
    }
  } else if (value.is_map()) {
    for (const auto& [name, item] : value.as_map()) {
      check_splits(session, cat(key, ".", name), item, problems);
    }
  } else if (auto dataset = value.object_as<DatasetHandle>()) {
    const auto splits = open_splits(session, *dataset);
    if (splits.empty()) return;
    problems.push_back({key,
                        cat("'", key, "': ", describe_object(*dataset), " has the splits ",
                            join(splits), ", and none was chosen"),
                        cat("write its name after a dot: .", splits.front())});
  }
}

std::string root_of(const std::string& key) { return key.substr(0, key.find_first_of(".[")); }

}  // namespace

std::optional<Value::Map> resolve_table(Session& session, const Schema& schema, GivenTable given) {
  std::vector<ParamProblem> problems = std::move(given.problems);
  std::set<std::string> broken;  // keys that cannot be judged
  for (const ParamProblem& problem : problems) broken.insert(root_of(problem.key));
  bool tainted = !problems.empty();
  for (auto it = given.named.begin(); it != given.named.end();) {
    const bool skip = contains_placeholder(it->second);
    if (skip) broken.insert(it->first);
    tainted = tainted || skip;
    if (skip && !schema.find(it->first)) broken.erase(it->first);  // an unknown key is one anyway
    it = skip && schema.find(it->first) ? given.named.erase(it) : std::next(it);
  }
  std::vector<ParamProblem> found;
  Value::Map resolved = schema.resolve(given.named, found);
  for (ParamProblem& problem : found) {
    if (broken.count(root_of(problem.key)) == 0) problems.push_back(std::move(problem));
  }
  for (const auto& [key, value] : resolved) check_splits(session, key, value, problems);
  std::vector<Problem> placed;
  for (ParamProblem& problem : problems) {
    placed.push_back({session.key_place(given.site, given.callee, problem.key), given.owner,
                      problem.key, std::move(problem.message), std::move(problem.hint)});
  }
  std::stable_sort(placed.begin(), placed.end(),
                   [](const Problem& x, const Problem& y) { return x.where.line < y.where.line; });
  for (Problem& problem : placed) session.report(std::move(problem));
  if (tainted || !problems.empty()) return std::nullopt;
  resolve_paths(session, schema, resolved);
  return resolved;
}

namespace {

ObjectPtr wrap_component(const std::shared_ptr<ComponentHandle>& component) {
  if (component->kind == Model::kKind) {
    auto model = std::make_shared<ModelHandle>();
    model->component = component;
    model->origin = component;
    model->where = component->where;
    return model;
  }
  if (component->kind == Objective::kKind) {
    auto objective = std::make_shared<ObjectiveHandle>();
    objective->parts.push_back({1.0, component});
    objective->where = component->where;
    return objective;
  }
  if (component->kind == DataSource::kKind) {
    auto dataset = std::make_shared<DatasetHandle>();
    dataset->source = component;
    dataset->where = component->where;
    return dataset;
  }
  return component;
}

// The handle, or a placeholder after reporting what is wrong.
ObjectPtr construct(lua_State* L, Session& session, const Constructor& constructor) {
  const CallSite site = call_site(L);
  try {
    const ComponentInfo* info = find_component(session, constructor.kind, constructor.name);
    if (!info) {
      throw Error(ErrorCode::kPlugin, cat("its plugin announces it and does not bring it"));
    }
    auto resolved =
        resolve_table(session, info->schema, take_arguments(L, constructor, info->schema));
    if (!resolved) return std::make_shared<Placeholder>();
    auto component = std::make_shared<ComponentHandle>();
    component->kind = constructor.kind;
    component->role = is_role(constructor.recipe_kind) ? constructor.recipe_kind : "";
    component->name = constructor.name;
    component->params = std::move(*resolved);
    component->where = site.where;
    if (session.planning()) {
      const Watchdog::Pause pause(session.watchdog());
      session.host().check_component(*component);
    }
    return wrap_component(component);
  } catch (const Error& error) {
    session.report(Problem::from_error(error, site.where, constructor.owner()));
    return std::make_shared<Placeholder>();
  }
}

int call_constructor(lua_State* L) {
  const auto constructor = self<Constructor>(L);
  push_object(L, construct(L, Session::of(L), *constructor));
  return 1;
}

// A path where the braces are missing: kd.objective.redi.alpha
int index_constructor(lua_State* L) {
  const auto constructor = self<Constructor>(L);
  throw Error(ErrorCode::kUsage, cat("kd.", constructor->owner(), " has no fields"),
              cat("make one with kd.", constructor->owner(), " { … }"));
}

// --- models -----------------------------------------------------------------------------------

// The tokenizer a model was given, or the one beside its weights.
ComponentPtr tokenizer_of(const ModelHandle& model) {
  const ComponentPtr& component = model.component ? model.component : model.origin;
  if (!component) return nullptr;
  for (const auto& [key, value] : component->params) {
    auto nested = value.object_as<ComponentHandle>();
    if (nested && nested->kind == Tokenizer::kKind) return nested;
  }
  const auto path = component->params.find("path");
  if (path == component->params.end() || !path->second.is_string()) return nullptr;
  auto file = std::make_shared<ComponentHandle>();
  file->kind = Tokenizer::kKind;
  file->name = "file";
  file->params["path"] = path->second;
  file->where = component->where;
  return file;
}

// model.tokenizer
int index_model(lua_State* L) {
  Session& session = Session::of(L);
  const auto model = self<ModelHandle>(L);
  const std::string name = luaL_checkstring(L, 2);
  ObjectPtr found;
  if (name != "tokenizer") {
    session.report({call_site(L).where, describe_object(*model), name,
                    cat("a model has no '", name, "'"), did_you_mean(name, {"tokenizer"})});
  } else if (!(found = tokenizer_of(*model))) {
    session.report({call_site(L).where, describe_object(*model), name,
                    "this model has no tokenizer",
                    "give it one: tokenizer = kd.tokenizer.… { … }"});
  }
  if (!found) found = std::make_shared<Placeholder>();
  push_object(L, std::move(found));
  return 1;
}

int index_component(lua_State* L) {
  const auto component = self<ComponentHandle>(L);
  throw Error(ErrorCode::kUsage, cat("a ", component->kind, " has no fields"));
}

}  // namespace

std::vector<std::string> recipe_kinds(Session& session) {
  std::vector<std::string> kinds;
  for (std::string& kind : session.catalog().kinds()) {
    if (kind == Model::kKind) continue;
    kinds.push_back(std::move(kind));
  }
  for (const char* role : {"student", "teacher"}) {
    if (std::find(kinds.begin(), kinds.end(), role) == kinds.end()) kinds.emplace_back(role);
  }
  std::sort(kinds.begin(), kinds.end());
  return kinds;
}

bool push_namespace(lua_State* L, const std::string& name) {
  const auto kinds = recipe_kinds(Session::of(L));
  if (std::find(kinds.begin(), kinds.end(), name) == kinds.end()) return false;
  push_object(L, std::make_shared<Namespace>(name));
  return true;
}

void open_components(lua_State* L) {
  add_metamethod(L, userdata::kNamespace, "__index", &guarded<&index_namespace>);
  add_metamethod(L, userdata::kConstructor, "__call", &guarded<&call_constructor>);
  add_metamethod(L, userdata::kConstructor, "__index", &guarded<&index_constructor>);
  add_metamethod(L, userdata::kModel, "__index", &guarded<&index_model>);
  add_metamethod(L, userdata::kComponent, "__index", &guarded<&index_component>);
}

}  // namespace kd::core
