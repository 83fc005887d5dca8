#include "core/recipe/stages.h"

#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include "core/pipeline/run_directory.h"
#include "core/recipe/components.h"
#include "core/recipe/datasets.h"
#include "core/recipe/objects.h"
#include "core/recipe/session.h"
#include "core/recipe/userdata.h"
#include "kd/error.h"

namespace kd::core {
namespace {

const StageType* find_stage(Session& session, const std::string& type) {
  for (const StageType& stage : session.host().stage_types()) {
    if (stage.type == type) return &stage;
  }
  return nullptr;
}

std::string owner_of(const PendingStage& pending) {
  return cat(pending.type, " \"", pending.name, "\"");
}

// A stage that could not be described: its outputs stand in for the real ones.
std::shared_ptr<StageObject> failed_stage(const StageType& type, const PendingStage& pending,
                                          const SourceLocation& where) {
  auto out = std::make_shared<StageObject>();
  out->type = pending.type;
  out->name = pending.name;
  out->where = where;
  out->failed = true;
  for (const auto& [name, kind] : type.outputs) {
    out->outputs[name] = Value(std::make_shared<Placeholder>());
  }
  return out;
}

// Positional items may hold datasets of which no split was chosen, too.
void check_items(Session& session, const Value::List& items, std::vector<ParamProblem>& problems) {
  for (size_t i = 0; i < items.size(); ++i) {
    auto dataset = items[i].object_as<DatasetHandle>();
    if (!dataset) continue;
    const auto splits = open_splits(session, *dataset);
    if (splits.empty()) continue;
    problems.push_back({cat("[", i + 1, "]"),
                        cat("item ", i + 1, ": ", describe_object(*dataset), " has the splits ",
                            join(splits), ", and none was chosen"),
                        cat("write its name after a dot: .", splits.front())});
  }
}

// Runs or describes the stage. What it throws in the run pass ends the pass.
StageResult call_host(Session& session, const StageCall& call) {
  const Watchdog::Pause pause(session.watchdog());
  ++session.running_stages;
  try {
    StageResult result = session.host().call(call, session.pass());
    --session.running_stages;
    return result;
  } catch (Error& error) {
    --session.running_stages;
    if (session.planning()) throw;
    if (error.where().find(call.where.str()) == std::string::npos) {
      error.add_where(cat(call.where.str(), ": ", call.type, " \"", call.name, "\""));
    }
    throw FinalError(std::current_exception());
  } catch (const std::exception&) {
    --session.running_stages;
    throw FinalError(std::current_exception());
  }
}

// The call as the host takes it; nothing after reporting problems.
std::optional<StageCall> take_call(lua_State* L, const StageType& type, const PendingStage& pending,
                                   const CallSite& site) {
  Session& session = Session::of(L);
  GivenTable given{owner_of(pending), pending.type, site, {}, {}};
  TableParts parts = to_table_parts(L, 2, given.problems);
  given.named = std::move(parts.named);
  check_items(session, parts.items, given.problems);
  const bool tainted = contains_placeholder(Value(parts.items));
  auto options = resolve_table(session, type.schema, std::move(given));
  if (!options || tainted || pending.nameless) return std::nullopt;
  return StageCall{pending.type, pending.name, std::move(*options), std::move(parts.items),
                   site.where};
}

bool register_name(Session& session, const PendingStage& pending, const CallSite& site) {
  session.begun.at(pending.number).called = true;
  if (pending.nameless) return false;
  RunDirectory::check_stage_name(pending.name);
  const auto [known, added] = session.stages.emplace(pending.name, site.where);
  if (!added) {
    session.report({site.where, owner_of(pending), "",
                    cat("a stage at ", known->second.str(), " has this name already"),
                    "every stage of a recipe has a name of its own"});
    return false;
  }
  session.called.push_back({pending.type, pending.name, site.where});
  return true;
}

std::shared_ptr<StageObject> run_stage(lua_State* L, const StageType& type,
                                       const PendingStage& pending, const CallSite& site) {
  Session& session = Session::of(L);
  const auto call = take_call(L, type, pending, site);
  try {
    if (!register_name(session, pending, site) || !call) {
      return failed_stage(type, pending, site.where);
    }
    StageResult result = call_host(session, *call);
    auto out = std::make_shared<StageObject>();
    out->type = pending.type;
    out->name = pending.name;
    out->where = site.where;
    out->outputs = std::move(result.outputs);
    out->results = std::move(result.results);
    out->known = result.known;
    return out;
  } catch (const Error& error) {
    session.report(Problem::from_error(error, site.where, owner_of(pending)));
    return failed_stage(type, pending, site.where);
  }
}

// kd.train "sft" { … }: the table.
int call_pending(lua_State* L) {
  Session& session = Session::of(L);
  const auto pending = self<PendingStage>(L);
  const CallSite site = call_site(L);
  if (session.running_stages > 0) {
    throw Error(ErrorCode::kUsage, "a stage cannot be called by a function that a stage runs");
  }
  if (!lua_istable(L, 2)) {
    throw Error(ErrorCode::kUsage, cat(owner_of(*pending), " takes a table, got ",
                                       lua_gettop(L) < 2 ? "nothing" : luaL_typename(L, 2)));
  }
  if (session.begun.at(pending->number).called && !pending->nameless) {
    throw Error(ErrorCode::kUsage, cat(owner_of(*pending), " was called already"));
  }
  const StageType* type = find_stage(session, pending->type);
  push_object(L, run_stage(L, *type, *pending, site));
  return 1;
}

// kd.train "sft": the name.
int call_starter(lua_State* L) {
  Session& session = Session::of(L);
  const auto starter = self<StageStarter>(L);
  auto pending = std::make_shared<PendingStage>();
  pending->type = starter->type;
  pending->number = session.begun.size();
  const SourceLocation where = call_site(L).where;
  const bool placeholder = object_as<Placeholder>(L, 2) != nullptr;
  const bool text = lua_type(L, 2) == LUA_TSTRING && lua_rawlen(L, 2) > 0;
  pending->nameless = !text;
  pending->name = text ? lua_tostring(L, 2) : "?";
  if (!text && !placeholder) {
    session.report({where, cat("kd.", starter->type), "", "a stage has a name before its table",
                    cat("kd.", starter->type, " \"name\" { … }")});
  }
  session.begun.push_back({pending->type, pending->name, where, !text});
  const bool table_alone = lua_istable(L, 2), both = lua_istable(L, 3);
  if (both) session.begun.back().called = false;
  push_object(L, pending);
  if (!table_alone && !both) return 1;
  if (table_alone) {
    push_object(L, failed_stage(*find_stage(session, starter->type), *pending, where));
    return 1;
  }
  lua_pushvalue(L, 3);  // kd.train("sft", { … })
  lua_call(L, 1, 1);
  return 1;
}

// --- what a stage returned --------------------------------------------------------------------

// Reading a result that is not there yet: the plan ends here.
[[noreturn]] void end_plan(Session& session, const SourceLocation& where) {
  session.known_up_to = where;
  throw FinalError(std::make_exception_ptr(PlanEnded()));
}

int push_results(lua_State* L, const StageObject& stage) {
  Session& session = Session::of(L);
  const SourceLocation where = call_site(L).where;
  if (stage.failed) {
    push_object(L, std::make_shared<Placeholder>());
    return 1;
  }
  if (!stage.known && session.planning()) end_plan(session, where);
  if (!stage.known) {
    throw Error(ErrorCode::kInternal, cat(describe_object(stage), " left no results"));
  }
  push_value(L, Value(stage.results));
  return 1;
}

// sft.student, sft.results, and the operations of a stage that stands for its dataset
int index_stage(lua_State* L) {
  Session& session = Session::of(L);
  const auto stage = self<StageObject>(L);
  const std::string name = luaL_checkstring(L, 2);
  if (const auto output = stage->outputs.find(name); output != stage->outputs.end()) {
    push_value(L, output->second);
    return 1;
  }
  if (name == "results") return push_results(L, *stage);
  const Value* only = stage->only_output();
  const bool dataset = only && (only->object_as<DatasetHandle>() || stage->failed);
  if (dataset && push_dataset_method(L, name)) return 1;
  std::vector<std::string> known{"results"};
  for (const auto& [output, value] : stage->outputs) known.push_back(output);
  session.report({call_site(L).where, describe_object(*stage), name,
                  cat("this stage leaves no '", name, "'"), did_you_mean(name, known)});
  push_object(L, std::make_shared<Placeholder>());
  return 1;
}

int index_pending(lua_State* L) {
  const auto pending = self<PendingStage>(L);
  throw Error(ErrorCode::kUsage, cat(owner_of(*pending), " has no table"),
              cat("kd.", owner_of(*pending), " { … }"));
}

}  // namespace

bool push_stage_starter(lua_State* L, const std::string& type) {
  if (!find_stage(Session::of(L), type)) return false;
  push_object(L, std::make_shared<StageStarter>(type));
  return true;
}

void open_stages(lua_State* L) {
  add_metamethod(L, userdata::kStarter, "__call", &guarded<&call_starter>);
  add_metamethod(L, userdata::kPendingStage, "__call", &guarded<&call_pending>);
  add_metamethod(L, userdata::kPendingStage, "__index", &guarded<&index_pending>);
  add_metamethod(L, userdata::kStage, "__index", &guarded<&index_stage>);
}

}  // namespace kd::core
