// Its registration throws.
#include "exact_verifier.h"

namespace {

void register_all(kd::Registrar&) { throw std::runtime_error("no table of words"); }

}  // namespace

KD_PLUGIN("throws_in_register", "0.1.0", register_all)
