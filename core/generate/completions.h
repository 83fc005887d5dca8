// Texts that a model writes for rows with a prompt: what generate and evaluate stages share.
#pragma once

#include <string>
#include <vector>

#include "core/generate/generator.h"
#include "core/pipeline/instances.h"
#include "kd/data.h"

namespace kd::core {

struct RowCompletion {
  int64_t row = 0;     // index into the dataset
  int64_t sample = 0;  // 0 … samples-1
  std::string text;
  Generation generation;
};

// `samples` completions of every row's prompt, row by row. `label` names the work in the progress
// line. Throws kd::Error(kUsage) for a model without tokenizer.
std::vector<RowCompletion> complete_rows(const LoadedModel& model, const RowSource& rows,
                                         int64_t samples, const GeneratorOptions& options,
                                         const std::string& label);

}  // namespace kd::core
