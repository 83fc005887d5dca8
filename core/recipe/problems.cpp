#include "core/recipe/problems.h"

#include <algorithm>
#include <utility>

namespace kd::core {

std::string Problem::text() const { return to_error().what(); }

Error Problem::to_error() const {
  Error error(code, message, hint, owner);
  const std::string place = where.str();
  if (!place.empty()) error.add_where(place);
  return error;
}

Problem Problem::from_error(const Error& error, SourceLocation where, std::string owner) {
  const std::string inner = error.where().empty() ? "" : error.where() + ": ";
  return {std::move(where),        std::move(owner), {},
          inner + error.message(), error.hint(),     error.code()};
}

void ProblemList::add(Problem problem) {
  const std::string text = problem.text();
  const bool told = std::any_of(problems_.begin(), problems_.end(),
                                [&](const Problem& known) { return known.text() == text; });
  if (!told) problems_.push_back(std::move(problem));
}

Error combine(const std::vector<Problem>& problems, const std::string& recipe) {
  if (problems.size() == 1) return problems.front().to_error();
  std::string message = cat(problems.size(), " problems in ", recipe);
  for (const Problem& problem : problems) message += "\n" + problem.text();
  return Error(problems.front().code, message);
}

}  // namespace kd::core
