// A number that may change with the step: a constant, a kd.schedule.*, or a recipe's function.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kd/value.h"

namespace kd {

// value(step, total): `step` counts optimizer updates from 0, `total` is how many are planned.
class ScheduleFunction : public Object {
 public:
  static constexpr const char* kKind = "schedule";
  std::string type_name() const override { return "schedule"; }
  virtual double at(int64_t step, int64_t total) const = 0;
  // Equal for schedules with equal values: part of a stage's key.
  virtual std::string fingerprint() const = 0;
};

// A value type; cheap to copy. [any] for the built-in ones.
class Schedule {
 public:
  Schedule(double constant = 0) : constant_(constant) {}  // NOLINT(*-explicit-*)
  explicit Schedule(std::shared_ptr<const ScheduleFunction> f) : function_(std::move(f)) {}

  // Accepts a number, a ScheduleFunction (or an instance of kind "schedule") and a recipe's
  // function of (step, total), which then belongs to the main thread; kd::Error(kUsage) otherwise.
  static Schedule from_value(const Value& value);

  bool is_constant() const { return function_ == nullptr; }
  double constant() const { return constant_; }
  const std::shared_ptr<const ScheduleFunction>& function() const { return function_; }
  double at(int64_t step, int64_t total) const {
    return function_ ? function_->at(step, total) : constant_;
  }

 private:
  double constant_ = 0;
  std::shared_ptr<const ScheduleFunction> function_;
};

}  // namespace kd
