// It registers two components of one name.
#include "exact_verifier.h"

namespace {

void register_all(kd::Registrar& registrar) {
  fault::add_exact(registrar, "exact");
  fault::add_exact(registrar, "exact");
}

}  // namespace

KD_PLUGIN("same_name_twice", "0.1.0", register_all)
