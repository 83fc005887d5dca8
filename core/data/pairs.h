// From graded completions to preference pairs: a right and a wrong one for the same problem.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "kd/data.h"
#include "kd/params.h"

namespace kd::core {

struct PairOptions {
  std::string by = "prompt";
  std::string chosen = "correct";
  std::string completion = "completion";
  int64_t per_problem = 1;
  int64_t seed = 0;
  double margin = 0;
  double max_ratio = 0;
  int64_t repeat_ngram = 20;
  int64_t repeat_times = 3;
  bool keep_truncated = false;

  static Params<PairOptions> params();
};

// Rows {prompt, chosen, rejected, …}: columns on which both completions agree keep their names, the
// others become "chosen.<column>" and "rejected.<column>", so that provenance survives. Problems
// come in the order of their first row; which completions meet depends on (seed, problem) alone.
// Logs what was left out and why. Throws kd::Error(kData) naming `dataset`.
std::shared_ptr<const RowSource> make_pairs(const std::shared_ptr<const RowSource>& rows,
                                            const PairOptions& options, const std::string& dataset);

}  // namespace kd::core
