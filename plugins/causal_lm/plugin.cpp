#include "kd/plugin.h"

#include "create.h"

namespace causal_lm {
namespace {

void register_all(kd::Registrar& registrar) {
  registrar.add<kd::Model, CausalLmParams>(
      "causal_lm", "causal language model: a Hugging Face folder, or new from a few sizes", create);
}

}  // namespace
}  // namespace causal_lm

KD_PLUGIN("causal_lm", "0.1.0", causal_lm::register_all)
