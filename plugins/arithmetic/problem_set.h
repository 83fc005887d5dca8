// Which problems are in which split.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "problem.h"

namespace kd::arithmetic {

// The problems of a level: numbers of level + 1 digits.
struct ProblemSpace {
  int64_t level = 3;
  std::vector<Operation> operations;
};

// "train" (eight of ten problems), "validation" or "test" (one each). A hash of the canonical
// problem decides, so that no parameter moves a problem to another split.
std::string split_of(const Problem& problem);

// `count` different problems of a split, or all that there are when those are fewer. A function of
// the arguments alone; a smaller count gives the beginning of a larger one as long as both are
// less than half of what there is.
std::vector<Problem> draw_problems(const ProblemSpace& space, const std::string& split,
                                   int64_t count, uint64_t seed);

}  // namespace kd::arithmetic
