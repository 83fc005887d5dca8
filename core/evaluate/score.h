// Scoring: log-probabilities that a model gives to texts that exist already.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/pipeline/instances.h"
#include "kd/data.h"

namespace kd::core {

// For every row, the raw log-probability (nats, temperature 1) of each token of its completion, the
// end-of-text token included. Rows without a token to score give an empty list.
std::vector<std::vector<double>> score_rows(const LoadedModel& model, const RowSource& rows,
                                            int64_t batch, int64_t max_length,
                                            const std::string& label);

}  // namespace kd::core
