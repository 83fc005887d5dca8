// The engine's schedules: kd.schedule.constant, linear, cosine, wsd.
#pragma once

#include "kd/plugin.h"

namespace kd::core {

// Values are functions of (step, total): `warmup` is the fraction of the steps during which the
// value climbs linearly from 0 to `from`; then it moves to `to` in the schedule's own way.
void register_schedules(Registrar& registrar);

}  // namespace kd::core
