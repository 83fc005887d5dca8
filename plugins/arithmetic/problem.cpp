#include "problem.h"

#include <algorithm>

#include "kd/error.h"

namespace kd::arithmetic {
namespace {

char sign_of(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
      return '+';
    case Operation::kSubtract:
      return '-';
    case Operation::kMultiply:
      return '*';
  }
  throw Error(ErrorCode::kInternal, "an operation without a sign");
}

// "7+5+1=13": the carry is left out where there is none.
std::string step(int64_t x, char sign, int64_t y, char carry_sign, int64_t carry, int64_t result) {
  std::string text = cat(x, sign, y);
  if (carry > 0) text += cat(carry_sign, carry);
  return text + cat('=', result, ' ');
}

std::string add_or_multiply(const Problem& problem) {
  const bool multiplies = problem.operation == Operation::kMultiply;
  std::string text;
  int64_t carry = 0;
  for (int64_t left = problem.left, right = problem.right; left > 0 || (!multiplies && right > 0);
       left /= 10) {
    const int64_t x = left % 10;
    const int64_t y = multiplies ? right : right % 10;
    const int64_t result = (multiplies ? x * y : x + y) + carry;
    text += step(x, sign_of(problem.operation), y, '+', carry, result);
    carry = result / 10;
    if (!multiplies) right /= 10;
  }
  return text;
}

std::string subtract(const Problem& problem) {
  std::string text;
  int64_t borrow = 0;
  for (int64_t left = problem.left, right = problem.right; left > 0; left /= 10, right /= 10) {
    const int64_t y = right % 10;
    const int64_t next_borrow = left % 10 - y - borrow < 0 ? 1 : 0;
    const int64_t x = left % 10 + 10 * next_borrow;
    text += step(x, '-', y, '-', borrow, x - y - borrow);
    borrow = next_borrow;
  }
  return text;
}

}  // namespace

std::string to_string(Operation operation) {
  switch (operation) {
    case Operation::kAdd:
      return "add";
    case Operation::kSubtract:
      return "subtract";
    case Operation::kMultiply:
      return "multiply";
  }
  throw Error(ErrorCode::kInternal, "an operation without a name");
}

std::string canonical_name(const Problem& problem) {
  const bool commutes = problem.operation == Operation::kAdd;
  const int64_t first = commutes ? std::min(problem.left, problem.right) : problem.left;
  const int64_t second = commutes ? std::max(problem.left, problem.right) : problem.right;
  return cat(first, sign_of(problem.operation), second);
}

std::string prompt_of(const Problem& problem) {
  return cat(problem.left, sign_of(problem.operation), problem.right, '=');
}

int64_t answer_of(const Problem& problem) {
  switch (problem.operation) {
    case Operation::kAdd:
      return problem.left + problem.right;
    case Operation::kSubtract:
      return problem.left - problem.right;
    case Operation::kMultiply:
      return problem.left * problem.right;
  }
  throw Error(ErrorCode::kInternal, "an operation without an answer");
}

std::string solution_of(const Problem& problem) {
  const std::string steps =
      problem.operation == Operation::kSubtract ? subtract(problem) : add_or_multiply(problem);
  return steps + cat('=', answer_of(problem));
}

}  // namespace kd::arithmetic
