// Products of schedules: the coefficients of objectives.
#pragma once

#include "kd/schedule.h"

namespace kd::core {

Schedule product(const Schedule& a, const Schedule& b);

}  // namespace kd::core
