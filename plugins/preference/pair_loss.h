// What the objectives of this plugin share: -log σ(h) of a pair.
#pragma once

#include <string>

#include "kd/objective.h"
#include "kd/plugin.h"
#include "kd/sequence_logprobs.h"

namespace preference {

// Log-probabilities of one side's answers under the model that plays `role`.
kd::SequenceLogprobs logprobs(const kd::ObjectiveContext& context, const std::string& side,
                              const std::string& role);

// Σ over pairs of softplus(-h), h [B].
at::Tensor logistic_loss(const at::Tensor& h);

void register_dpo(kd::Registrar& registrar);
void register_simpo(kd::Registrar& registrar);

}  // namespace preference
