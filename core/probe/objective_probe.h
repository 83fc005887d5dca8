// `kdrun probe objective`: an objective on tensors from a file, through the train stage's own code.
#pragma once

#include <string>

#include "core/plugin/registry.h"
#include "kd/tensors.h"
#include "kd/value.h"

namespace kd::core {

// Evaluates objective `name` with parameters `settings` on one batch.
//
// `inputs` holds the objective's wants ("student.logits" [B, T, V], "chosen.reference.logits",
// "student.hidden.6" [B, T, H]) and columns ("labels" [B, T] int64, "chosen.labels"). Models that
// are parameters of the objective are not given: their outputs are.
//
// Returns "loss" (after the denominators of this batch), "sum.<term>" and "count.<term>" (fp64),
// "observed.<name>" (means), and "grad.<input>" for each output of the student.
// Throws kd::Error(kUsage) for unknown names or parameters, kd::Error(kData) for tensors that are
// missing or do not fit. [main]
TensorMap probe_objective(ComponentCatalog& catalog, const std::string& name,
                          const Value::Map& settings, const TensorMap& inputs);

// {"kind", "name", "summary", "wants", "columns", "terms": [{"name", "unit"}], "parameters"}.
Value describe_objective_probe(ComponentCatalog& catalog, const std::string& name,
                               const Value::Map& settings);

}  // namespace kd::core
