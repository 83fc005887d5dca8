// The components that the engine itself brings: optimizers and schedules.
#pragma once

#include "kd/plugin.h"

namespace kd::core {

void register_engine_components(Registrar& registrar);

}  // namespace kd::core
