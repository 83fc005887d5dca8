// Divergences of one chunk: values per row, and their derivative with respect to log q.
#pragma once

#include <ATen/core/Tensor.h>

#include "kd/token_terms.h"
#include "sdk/src/chunk_scratch.h"

namespace kd {

// Log-probabilities of one chunk at one temperature, [C, V].
struct LogProbabilities {
  at::Tensor log_q;     // student
  at::Tensor log_p;     // teacher; undefined when only cross-entropy is asked for
  at::Tensor excluded;  // bool: -inf on either side; undefined when there is none
};

// Fills `excluded`. Where looking costs no synchronisation (CPU) it stays undefined if nothing is
// -inf, which is the usual case and saves the passes that treat it.
void find_excluded(LogProbabilities& logs);

// D_n of `term` for each row, [C]; and with G = dD/d log q, which is all that dD/du = G - q·ΣG
// needs (constants within a row cancel in it), adds coefficient·G to `upstream` [C, V], whose
// present contents count only if `accumulate`. Without gradient `upstream` is undefined.
// labels [C] int64 are in range. Tokens over the clip get the value `clip` and no gradient.
//
// -inf: 0·(-inf) is 0; reverse KL and JSD leave out entries where either side is -inf; forward KL
// and cross-entropy are infinite where the student rules out what the teacher or label has.
at::Tensor add_divergence(const TokenTerm& term, const LogProbabilities& logs,
                          const at::Tensor& labels, const at::Tensor& coefficient,
                          const at::Tensor& upstream, bool accumulate, ChunkScratch& scratch);

}  // namespace kd
