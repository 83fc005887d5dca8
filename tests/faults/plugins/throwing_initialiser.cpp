// A static initialiser throws, inside dlopen.
#include "exact_verifier.h"

namespace {

int start() { throw std::runtime_error("thrown before anybody could catch it"); }
[[maybe_unused]] const int started = start();

void register_all(kd::Registrar& registrar) { fault::add_exact(registrar, "exact"); }

}  // namespace

KD_PLUGIN("throwing_initialiser", "0.1.0", register_all)
