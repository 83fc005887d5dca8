#include "core/recipe/coefficients.h"

#include <memory>
#include <string>

#include "kd/error.h"

namespace kd::core {
namespace {

std::string fingerprint_of(const Schedule& schedule) {
  if (!schedule.is_constant()) return schedule.function()->fingerprint();
  char text[40];
  std::snprintf(text, sizeof(text), "%a", schedule.constant());
  return text;
}

class ProductSchedule : public ScheduleFunction {
 public:
  ProductSchedule(Schedule a, Schedule b) : a_(std::move(a)), b_(std::move(b)) {}
  double at(int64_t step, int64_t total) const override {
    return a_.at(step, total) * b_.at(step, total);
  }
  std::string fingerprint() const override {
    return cat("product(", fingerprint_of(a_), ", ", fingerprint_of(b_), ")");
  }

 private:
  Schedule a_, b_;
};

}  // namespace

Schedule product(const Schedule& a, const Schedule& b) {
  if (a.is_constant() && b.is_constant()) return Schedule(a.constant() * b.constant());
  if (a.is_constant() && a.constant() == 1.0) return b;
  if (b.is_constant() && b.constant() == 1.0) return a;
  return Schedule(std::make_shared<ProductSchedule>(a, b));
}

}  // namespace kd::core
