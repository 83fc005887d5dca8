#include "problem.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "kd/random.h"

namespace kd::arithmetic {
namespace {

constexpr size_t kLongestFourDigitSolution = 48;

// The value of "7+5+1" or "14-7" or "8*7+2", read independently of the code under test.
int64_t evaluate(const std::string& text) {
  std::istringstream in(text);
  int64_t value = 0;
  in >> value;
  for (char sign = 0; in >> sign;) {
    int64_t operand = 0;
    in >> operand;
    if (sign == '+') value += operand;
    if (sign == '-') value -= operand;
    if (sign == '*') value *= operand;
  }
  return value;
}

Problem random_problem(Operation operation, RandomStream& stream) {
  const auto draw = [&] { return 1000 + static_cast<int64_t>(stream.below(9000)); };
  Problem problem{operation, draw(), draw()};
  if (operation == Operation::kMultiply) problem.right = 2 + problem.right % 8;
  if (operation == Operation::kSubtract && problem.left < problem.right) {
    std::swap(problem.left, problem.right);
  }
  return problem;
}

TEST(Problem, WritesCarriesOfSums) {
  const Problem problem{Operation::kAdd, 4827, 3965};
  EXPECT_EQ(prompt_of(problem), "4827+3965=");
  EXPECT_EQ(solution_of(problem), "7+5=12 2+6+1=9 8+9=17 4+3+1=8 =8792");
  EXPECT_EQ(answer_of(problem), 8792);
}

TEST(Problem, WritesBorrowsOfDifferences) {
  EXPECT_EQ(solution_of({Operation::kSubtract, 5204, 1837}),
            "14-7=7 10-3-1=6 12-8-1=3 5-1-1=3 =3367");
}

TEST(Problem, WritesCarriesOfProducts) {
  EXPECT_EQ(solution_of({Operation::kMultiply, 483, 7}), "3*7=21 8*7+2=58 4*7+5=33 =3381");
}

TEST(Problem, EveryStepIsTrueAndDigitsMakeTheAnswer) {
  RandomStream stream(StreamKey{1, "test", "problems", 0, 0});
  for (const auto operation : {Operation::kAdd, Operation::kSubtract, Operation::kMultiply}) {
    for (int i = 0; i < 500; ++i) {
      const Problem problem = random_problem(operation, stream);
      std::istringstream words(solution_of(problem));
      int64_t from_digits = 0;
      int64_t place = 1;
      for (std::string word; words >> word;) {
        const size_t equals = word.find('=');
        const int64_t result = std::stoll(word.substr(equals + 1));
        if (equals == 0) {
          EXPECT_EQ(result, answer_of(problem)) << prompt_of(problem);
          break;
        }
        EXPECT_EQ(evaluate(word.substr(0, equals)), result) << word;
        from_digits += place * (place < 1000 ? result % 10 : result);
        place *= 10;
      }
      EXPECT_EQ(from_digits, answer_of(problem)) << solution_of(problem);
      EXPECT_LE(solution_of(problem).size(), kLongestFourDigitSolution);
    }
  }
}

TEST(Problem, SumsInEitherOrderAreOneProblem) {
  const auto name = [](Operation operation, int64_t a, int64_t b) {
    return canonical_name({operation, a, b});
  };
  EXPECT_EQ(name(Operation::kAdd, 12, 34), name(Operation::kAdd, 34, 12));
  EXPECT_NE(name(Operation::kSubtract, 12, 34), name(Operation::kSubtract, 34, 12));
  EXPECT_NE(name(Operation::kAdd, 12, 34), name(Operation::kSubtract, 12, 34));
}

}  // namespace
}  // namespace kd::arithmetic
