#include "core/recipe/datasets.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/data/dataset_ops.h"
#include "core/recipe/components.h"
#include "core/recipe/objects.h"
#include "core/recipe/session.h"
#include "core/recipe/userdata.h"
#include "kd/error.h"

namespace kd::core {
namespace {

using Op = DatasetHandle::Op;
constexpr Op kOperations[] = {Op::kMap,   Op::kPairs, Op::kShuffle,
                              Op::kSplit, Op::kTake,  Op::kWhere};

// The dataset a method is called on: itself, or the only output of a stage. Null for placeholders.
DatasetPtr receiver(lua_State* L, const std::string& method) {
  if (auto dataset = object_as<DatasetHandle>(L, 1)) return dataset;
  if (object_as<Placeholder>(L, 1)) return nullptr;
  if (auto stage = object_as<StageObject>(L, 1)) {
    if (stage->failed) return nullptr;
    if (const Value* output = stage->only_output()) return output->object_as<DatasetHandle>();
  }
  throw Error(ErrorCode::kUsage, cat("'", method, "' belongs to a dataset"),
              cat("call it with a colon: data:", method, " { … }"));
}

std::shared_ptr<DatasetHandle> derive(Op op, const DatasetPtr& input, Value::Map options,
                                      const SourceLocation& where) {
  auto out = std::make_shared<DatasetHandle>();
  out->op = op;
  out->input = input;
  out->options = std::move(options);
  out->where = where;
  return out;
}

// data:split { train = 0.9, validation = 0.1 } gives a table of datasets.
void push_parts(lua_State* L, const DatasetPtr& input, const Value::Map& options,
                const SourceLocation& where) {
  const Value::Map parts = options.at("parts").as_map();
  lua_createtable(L, 0, static_cast<int>(parts.size()));
  for (const auto& [name, share] : parts) {
    auto part = derive(Op::kSplit, input, options, where);
    part->split = name;
    push_object(L, std::move(part));
    lua_setfield(L, -2, name.c_str());
  }
}

class Operation {
 public:
  Operation(lua_State* L, Op op)
      : lua_(L),
        session_(Session::of(L)),
        op_(op),
        name_(dataset_op_name(op)),
        site_(call_site(L)) {}

  int run() {
    const DatasetPtr input = receiver(lua_, name_);
    std::optional<Value::Map> options = take_options();
    const bool usable = input && choose_split(*input);
    if (!usable || !options) {
      push_object(lua_, std::make_shared<Placeholder>());
    } else if (op_ == Op::kSplit) {
      push_parts(lua_, input, *options, site_.where);
    } else {
      push_object(lua_, derive(op_, input, std::move(*options), site_.where));
    }
    return 1;
  }

 private:
  void report(const std::string& key, std::string message, std::string hint) {
    session_.report({session_.key_place(site_, name_, key), "dataset:" + name_, key,
                     std::move(message), std::move(hint)});
  }

  bool choose_split(const DatasetHandle& input) {
    const auto splits = open_splits(session_, input);
    if (splits.empty()) return true;
    report("",
           cat(describe_object(input), " has the splits ", join(splits), ", and none was chosen"),
           cat("write its name before the operation: .", splits.front(), ":", name_));
    return false;
  }

  std::optional<Value::Map> take_options() {
    std::vector<ParamProblem> problems;
    const Value argument = to_value(lua_, 2, problems);
    // Tables with fixed keys are checked here first, which places every problem on its key.
    const bool fixed_keys = op_ != Op::kWhere && op_ != Op::kSplit;
    if (problems.empty() && fixed_keys && argument.is_map() && !contains_placeholder(argument)) {
      dataset_op_schema(op_).resolve(argument.as_map(), problems);
    }
    for (ParamProblem& problem : problems) {
      report(problem.key, std::move(problem.message), std::move(problem.hint));
    }
    if (!problems.empty() || contains_placeholder(argument)) return std::nullopt;
    try {
      return dataset_op_options(op_, argument);
    } catch (const Error& error) {
      session_.report(Problem::from_error(error, session_.key_place(site_, name_, ""), "dataset"));
      return std::nullopt;
    }
  }

  lua_State* lua_;
  Session& session_;
  Op op_;
  std::string name_;
  CallSite site_;
};

// Upvalue: the operation.
int call_method(lua_State* L) {
  return Operation(L, static_cast<Op>(lua_tointeger(L, lua_upvalueindex(1)))).run();
}

// problems.train, data:where
int index_dataset(lua_State* L) {
  Session& session = Session::of(L);
  const auto dataset = self<DatasetHandle>(L);
  const std::string name = luaL_checkstring(L, 2);
  const auto splits = open_splits(session, *dataset);
  if (std::find(splits.begin(), splits.end(), name) != splits.end()) {
    auto chosen = std::make_shared<DatasetHandle>(*dataset);
    chosen->split = name;
    push_object(L, std::move(chosen));
    return 1;
  }
  if (push_dataset_method(L, name)) return 1;
  std::vector<std::string> known = dataset_methods();
  known.insert(known.end(), splits.begin(), splits.end());
  session.report({call_site(L).where, describe_object(*dataset), name,
                  cat("this dataset has no '", name, "'"), did_you_mean(name, known)});
  push_object(L, std::make_shared<Placeholder>());
  return 1;
}

}  // namespace

std::vector<std::string> open_splits(Session& session, const DatasetHandle& dataset) {
  if (dataset.op != Op::kSource || !dataset.split.empty() || !dataset.source) return {};
  const ComponentInfo* info = session.catalog().find(dataset.source->kind, dataset.source->name);
  return info ? info->splits : std::vector<std::string>{};
}

std::vector<std::string> dataset_methods() {
  std::vector<std::string> names;
  for (const Op op : kOperations) names.push_back(dataset_op_name(op));
  return names;
}

bool push_dataset_method(lua_State* L, const std::string& name) {
  for (const Op op : kOperations) {
    if (dataset_op_name(op) != name) continue;
    lua_pushinteger(L, static_cast<lua_Integer>(op));
    lua_pushcclosure(L, &guarded<&call_method>, 1);
    return true;
  }
  return false;
}

void open_datasets(lua_State* L) {
  add_metamethod(L, userdata::kDataset, "__index", &guarded<&index_dataset>);
}

}  // namespace kd::core
