// A good plugin, to copy and to damage. Loading it leaves a mark, so that a test can see whether
// any of its code has run.
#include <cstdlib>
#include <fstream>

#include "exact_verifier.h"

namespace {

struct Mark {
  Mark() {
    if (const char* path = std::getenv("KD_FAULT_MARK")) std::ofstream(path) << "loaded";
  }
};
const Mark mark;

struct Threshold {
  double at_least = 0.5;
  std::string mode = "all";
  static kd::Params<Threshold> params() {
    kd::Params<Threshold> p;
    p.add("at_least", &Threshold::at_least, "score that counts as right").range(0, 1);
    p.add("mode", &Threshold::mode, "what to compare").choices({"all", "last"});
    return p;
  }
};

void register_all(kd::Registrar& registrar) {
  fault::add_exact(registrar, "exact");
  registrar.add<kd::Verifier, Threshold>(
      "threshold", "score above a threshold",
      [](const Threshold&, const kd::CreateContext&) -> std::shared_ptr<kd::Verifier> {
        return std::make_shared<fault::ExactVerifier>();
      });
}

}  // namespace

KD_PLUGIN("well_behaved", "1.2.3", register_all)
