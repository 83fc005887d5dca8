// Its registration ends the process by abort().
#include <cstdlib>

#include "exact_verifier.h"

namespace {

void register_all(kd::Registrar&) { std::abort(); }

}  // namespace

KD_PLUGIN("aborts_in_register", "0.1.0", register_all)
