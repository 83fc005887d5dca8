#include "core/recipe/objectives.h"

#include <cmath>
#include <memory>
#include <string>
#include <utility>

#include "core/recipe/coefficients.h"
#include "core/recipe/functions.h"
#include "core/recipe/objects.h"
#include "core/recipe/session.h"
#include "core/recipe/userdata.h"
#include "core/recipe/values.h"
#include "kd/error.h"

namespace kd::core {
namespace {

// A function of the step (and of how many are planned), checked whenever it is called.
class FunctionSchedule : public ScheduleFunction {
 public:
  explicit FunctionSchedule(std::shared_ptr<const RecipeFunction> function)
      : function_(std::move(function)) {}
  double at(int64_t step, int64_t total) const override {
    const Value value = function_->call({Value(step), Value(total)});
    if (value.is_number() && std::isfinite(value.as_number())) return value.as_number();
    throw Error(ErrorCode::kUsage,
                cat("this function of the step must give a number, gave ", value.preview(),
                    " at step ", step),
                {}, function_->where().str());
  }
  std::string fingerprint() const override { return cat("function ", function_->fingerprint()); }

 private:
  std::shared_ptr<const RecipeFunction> function_;
};

std::shared_ptr<const ScheduleFunction> make_schedule(Session& session,
                                                      const ComponentHandle& component) {
  const Watchdog::Pause pause(session.watchdog());
  return std::static_pointer_cast<const ScheduleFunction>(session.catalog().create(
      component.kind, component.name, component.params, CreateContext{RandomStream(StreamKey{})}));
}

// What an objective is multiplied with.
Schedule factor(lua_State* L, int index) {
  const Value value = to_value_or_throw(L, index);
  if (value.is_number()) {
    if (std::isfinite(value.as_number())) return Schedule(value.as_number());
    throw Error(ErrorCode::kUsage, cat("a coefficient must be finite, got ", value.preview()));
  }
  if (auto function = value.object_as<RecipeFunction>()) {
    return Schedule(std::make_shared<FunctionSchedule>(std::move(function)));
  }
  auto component = value.object_as<ComponentHandle>();
  if (component && component->kind == ScheduleFunction::kKind) {
    return Schedule(make_schedule(Session::of(L), *component));
  }
  throw Error(ErrorCode::kUsage, cat("an objective cannot be multiplied with ", value.preview()),
              "numbers, kd.schedule.* and functions of the step can");
}

ObjectPtr multiply(lua_State* L) {
  auto left = object_as<ObjectiveHandle>(L, 1), right = object_as<ObjectiveHandle>(L, 2);
  const auto& objective = left ? left : right;
  if (!objective) throw Error(ErrorCode::kInternal, "a product without an objective");
  if (left && right) {
    throw Error(ErrorCode::kUsage, "objectives cannot be multiplied with each other",
                "numbers, kd.schedule.* and functions of the step can");
  }
  const Schedule by = factor(L, left ? 2 : 1);
  auto out = std::make_shared<ObjectiveHandle>(*objective);
  for (auto& part : out->parts) part.coefficient = product(by, part.coefficient);
  return out;
}

ObjectPtr add(lua_State* L) {
  const auto left = object_as<ObjectiveHandle>(L, 1), right = object_as<ObjectiveHandle>(L, 2);
  if (!left || !right) {
    const Value other = to_value_or_throw(L, left ? 2 : 1);
    throw Error(ErrorCode::kUsage, cat("an objective cannot be added to ", other.preview()),
                "only objectives can");
  }
  auto out = std::make_shared<ObjectiveHandle>(*left);
  out->parts.insert(out->parts.end(), right->parts.begin(), right->parts.end());
  return out;
}

// An operator that gives an objective; problems give a placeholder in the plan pass.
template <ObjectPtr (*Operator)(lua_State*)>
int apply(lua_State* L) {
  ObjectPtr result;
  if (!object_as<Placeholder>(L, 1) && !object_as<Placeholder>(L, 2)) {
    try {
      result = Operator(L);
    } catch (const Error& error) {
      Session::of(L).report(Problem::from_error(error, call_site(L).where, "objective"));
    }
  }
  if (!result) result = std::make_shared<Placeholder>();
  push_object(L, std::move(result));
  return 1;
}

int refuse_index(lua_State* L) {
  const char* name = lua_type(L, 2) == LUA_TSTRING ? lua_tostring(L, 2) : luaL_typename(L, 2);
  throw Error(ErrorCode::kUsage, cat("an objective has no '", name, "'"));
}

}  // namespace

void open_objectives(lua_State* L) {
  add_metamethod(L, userdata::kObjective, "__add", &guarded<&apply<&add>>);
  add_metamethod(L, userdata::kObjective, "__mul", &guarded<&apply<&multiply>>);
  add_metamethod(L, userdata::kObjective, "__index", &guarded<&refuse_index>);
}

}  // namespace kd::core
