#include "kd/schedule.h"

#include "kd/error.h"
#include "kd/params.h"

namespace kd {
namespace {

// A recipe's function of (step, total).
class CalledSchedule : public ScheduleFunction {
 public:
  explicit CalledSchedule(std::shared_ptr<const Callable> function)
      : function_(std::move(function)) {}
  double at(int64_t step, int64_t total) const override {
    return function_->call({Value(step), Value(total)}).as_number();
  }
  std::string fingerprint() const override { return function_->fingerprint(); }

 private:
  std::shared_ptr<const Callable> function_;
};

}  // namespace

Schedule Schedule::from_value(const Value& value) {
  if (value.is_number()) return Schedule(value.as_number());
  if (auto function = value.object_as<ScheduleFunction>()) return Schedule(std::move(function));
  if (auto function = value.object_as<Callable>()) {
    return Schedule(std::make_shared<CalledSchedule>(std::move(function)));
  }
  auto instance = value.object_as<InstanceObject>();
  if (instance && instance->kind() == ScheduleFunction::kKind) {
    return Schedule(std::static_pointer_cast<const ScheduleFunction>(instance->instance()));
  }
  throw Error(
      ErrorCode::kUsage,
      cat("expected a number, a schedule or a function of the step, got ", value.preview()));
}

}  // namespace kd
