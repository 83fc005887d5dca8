// Weights of a model that has not been trained.
#pragma once

#include "kd/layers/decoder.h"
#include "kd/random.h"

namespace causal_lm {

// Norms are 1 and biases 0. Matrices are normal: 0.02 for the embedding and the head,
// 1/sqrt(inputs) for the rest, divided by sqrt(2·layers) where they write into the residual stream.
// Each parameter has a stream of its own, by path, so that models of unlike shapes share what
// they can.
void fill_initial_weights(const kd::Decoder& decoder, const kd::RandomStream& random);

}  // namespace causal_lm
