#include "core/train/engine_components.h"

#include "core/train/optimizer.h"
#include "core/train/schedules.h"

namespace kd::core {

void register_engine_components(Registrar& registrar) {
  register_optimizers(registrar);
  register_schedules(registrar);
}

}  // namespace kd::core
