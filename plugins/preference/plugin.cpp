#include "pair_loss.h"

namespace {

void register_all(kd::Registrar& registrar) {
  preference::register_dpo(registrar);
  preference::register_simpo(registrar);
}

}  // namespace

KD_PLUGIN("preference", "0.1.0", register_all)
