// Its registration ends the process by a segmentation fault.
#include <csignal>

#include "exact_verifier.h"

namespace {

void register_all(kd::Registrar&) { std::raise(SIGSEGV); }

}  // namespace

KD_PLUGIN("crashes_in_register", "0.1.0", register_all)
