#include "core/train/schedules.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "kd/schedule.h"

namespace kd::core {
namespace {

struct ScheduleParams {
  double from = 1.0;
  double to = 0.0;
  double warmup = 0.0;
  double decay = 0.1;  // wsd only

  static Params<ScheduleParams> params() {
    Params<ScheduleParams> p;
    p.add("from", &ScheduleParams::from, "value after the warm-up");
    p.add("to", &ScheduleParams::to, "value at the last step");
    p.add("warmup", &ScheduleParams::warmup, "fraction of the steps that climb from 0 to `from`")
        .range(0, 1);
    return p;
  }
};

struct WsdParams : ScheduleParams {
  static Params<WsdParams> params() {
    Params<WsdParams> p;
    p.add("from", &WsdParams::from, "value of the stable part");
    p.add("to", &WsdParams::to, "value at the last step");
    p.add("warmup", &WsdParams::warmup, "fraction of the steps that climb from 0 to `from`")
        .range(0, 1);
    p.add("decay", &WsdParams::decay, "fraction of the steps, at the end, that move to `to`")
        .range(0, 1);
    return p;
  }
};

struct ConstantParams {
  double value = 1.0;
  double warmup = 0.0;
  static Params<ConstantParams> params() {
    Params<ConstantParams> p;
    p.add("value", &ConstantParams::value, "the value");
    p.add("warmup", &ConstantParams::warmup, "fraction of the steps that climb from 0 to `value`")
        .range(0, 1);
    return p;
  }
};

enum class Shape { kLinear, kCosine, kWsd };

class ShapedSchedule : public ScheduleFunction {
 public:
  ShapedSchedule(Shape shape, const ScheduleParams& params) : shape_(shape), params_(params) {}

  double at(int64_t step, int64_t total) const override {
    const auto steps = static_cast<double>(std::max<int64_t>(total, 1));
    const double warm = std::floor(params_.warmup * steps);
    const auto now = static_cast<double>(step);
    if (now < warm) return params_.from * (now + 1) / warm;
    const double last = std::max(steps - 1, warm);
    const double progress = last > warm ? std::min((now - warm) / (last - warm), 1.0) : 0.0;
    return params_.from + (params_.to - params_.from) * travelled(progress, steps);
  }

  std::string fingerprint() const override {
    return cat("shape ", static_cast<int>(shape_), ' ', params_.from, ' ', params_.to, ' ',
               params_.warmup, ' ', params_.decay);
  }

 private:
  // Share of the way from `from` to `to`, by progress after the warm-up in [0, 1].
  double travelled(double progress, double steps) const {
    switch (shape_) {
      case Shape::kLinear:
        return progress;
      case Shape::kCosine:
        return 0.5 * (1 - std::cos(std::numbers::pi * progress));
      case Shape::kWsd: {
        const double after_warmup = std::max(1.0, steps - std::floor(params_.warmup * steps));
        const double decay = std::min(1.0, params_.decay * steps / after_warmup);
        if (decay <= 0) return 0;
        return std::max(0.0, (progress - (1 - decay)) / decay);
      }
    }
    return progress;
  }

  Shape shape_;
  ScheduleParams params_;
};

template <typename P>
void add_shape(Registrar& registrar, Shape shape, std::string name, std::string summary) {
  registrar.add<ScheduleFunction, P>(std::move(name), std::move(summary),
                                     [shape](const P& params, const CreateContext&) {
                                       return std::make_shared<ShapedSchedule>(shape, params);
                                     });
}

}  // namespace

void register_schedules(Registrar& registrar) {
  add_shape<ScheduleParams>(registrar, Shape::kLinear, "linear",
                            "straight from one value to another");
  add_shape<ScheduleParams>(registrar, Shape::kCosine, "cosine",
                            "half a cosine from one value to another");
  add_shape<WsdParams>(registrar, Shape::kWsd, "wsd", "warm up, stay, decay linearly at the end");
  registrar.add<ScheduleFunction, ConstantParams>(
      "constant", "one value after an optional warm-up",
      [](const ConstantParams& params, const CreateContext&) {
        ScheduleParams shaped;
        shaped.from = params.value;
        shaped.to = params.value;
        shaped.warmup = params.warmup;
        return std::make_shared<ShapedSchedule>(Shape::kLinear, shaped);
      });
}

}  // namespace kd::core
