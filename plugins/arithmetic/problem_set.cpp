#include "problem_set.h"

#include <algorithm>
#include <unordered_set>

#include "kd/random.h"

namespace kd::arithmetic {
namespace {

constexpr double kTrainShare = 0.8;
constexpr double kValidationShare = 0.1;
constexpr int64_t kLeastFactor = 2;

// Numbers of level + 1 digits: [low, high).
int64_t low(const ProblemSpace& space) {
  int64_t value = 1;
  for (int64_t i = 0; i < space.level; ++i) value *= 10;
  return value;
}
int64_t high(const ProblemSpace& space) { return 10 * low(space); }

double share_of(const std::string& split) {
  return split == "train" ? kTrainShare : kValidationShare;
}

double size_of(const ProblemSpace& space, Operation operation) {
  const auto n = static_cast<double>(high(space) - low(space));
  return operation == Operation::kMultiply ? n * (10 - kLeastFactor) : n * (n + 1) / 2;
}

// Sums and products are shown in either order, differences with the larger number first.
Problem draw(const ProblemSpace& space, RandomStream& stream) {
  Problem problem;
  const size_t kind = stream.below(space.operations.size());
  problem.operation = space.operations[kind];
  const auto range = static_cast<uint64_t>(high(space) - low(space));
  problem.left = low(space) + static_cast<int64_t>(stream.below(range));
  if (problem.operation == Operation::kMultiply) {
    problem.right = kLeastFactor + static_cast<int64_t>(stream.below(10 - kLeastFactor));
  } else {
    problem.right = low(space) + static_cast<int64_t>(stream.below(range));
  }
  if (problem.operation == Operation::kSubtract && problem.left < problem.right) {
    std::swap(problem.left, problem.right);
  }
  return problem;
}

std::vector<Problem> draw_distinct(const ProblemSpace& space, const std::string& split,
                                   int64_t count, RandomStream stream) {
  std::vector<Problem> problems;
  std::unordered_set<std::string> seen;
  while (static_cast<int64_t>(problems.size()) < count) {
    const Problem problem = draw(space, stream);
    if (split_of(problem) != split) continue;
    if (seen.insert(canonical_name(problem)).second) problems.push_back(problem);
  }
  return problems;
}

void append_all(const ProblemSpace& space, Operation operation, const std::string& split,
                std::vector<Problem>& problems) {
  for (int64_t left = low(space); left < high(space); ++left) {
    const bool multiplies = operation == Operation::kMultiply;
    const int64_t begin = multiplies ? kLeastFactor : low(space);
    const int64_t end = multiplies ? 10 : left + 1;
    for (int64_t right = begin; right < end; ++right) {
      const Problem problem{operation, left, right};
      if (split_of(problem) == split) problems.push_back(problem);
    }
  }
}

std::vector<Problem> shuffle_all(const ProblemSpace& space, const std::string& split,
                                 RandomStream stream) {
  std::vector<Problem> all;
  for (const Operation operation : space.operations) append_all(space, operation, split, all);
  std::vector<Problem> shuffled;
  shuffled.reserve(all.size());
  for (const int64_t i : stream.permutation(static_cast<int64_t>(all.size()))) {
    Problem problem = all[static_cast<size_t>(i)];
    if (problem.operation == Operation::kAdd && stream.below(2) == 1) {
      std::swap(problem.left, problem.right);
    }
    shuffled.push_back(problem);
  }
  return shuffled;
}

}  // namespace

std::string split_of(const Problem& problem) {
  const std::string purpose = "split:" + canonical_name(problem);
  const double at = RandomStream(StreamKey{0, "arithmetic", purpose}).uniform();
  if (at < kTrainShare) return "train";
  return at < kTrainShare + kValidationShare ? "validation" : "test";
}

std::vector<Problem> draw_problems(const ProblemSpace& space, const std::string& split,
                                   int64_t count, uint64_t seed) {
  double size = 0;
  double smallest = size_of(space, space.operations.front());
  for (const Operation operation : space.operations) {
    size += size_of(space, operation);
    smallest = std::min(smallest, size_of(space, operation));
  }
  // Operations are drawn equally often, so the smallest space is the first to run dry.
  const double drawable = smallest * static_cast<double>(space.operations.size()) * share_of(split);
  const std::string purpose = "problems:" + split;
  const RandomStream stream(StreamKey{seed, "arithmetic", purpose});
  if (static_cast<double>(count) < drawable / 2) return draw_distinct(space, split, count, stream);
  auto all = shuffle_all(space, split, stream);
  if (static_cast<int64_t>(all.size()) > count) all.resize(static_cast<size_t>(count));
  return all;
}

}  // namespace kd::arithmetic
