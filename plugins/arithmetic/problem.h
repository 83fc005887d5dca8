// An arithmetic problem, its worked solution and the text of both.
#pragma once

#include <cstdint>
#include <string>

namespace kd::arithmetic {

enum class Operation { kAdd, kSubtract, kMultiply };

std::string to_string(Operation operation);  // "add", …

// left op right. Of subtractions left >= right; of multiplications right has one digit.
struct Problem {
  Operation operation = Operation::kAdd;
  int64_t left = 0;
  int64_t right = 0;
};

// The same for problems that are one problem: a+b and b+a.
std::string canonical_name(const Problem& problem);

std::string prompt_of(const Problem& problem);  // "4827+3965="
int64_t answer_of(const Problem& problem);

// Digit by digit from the right, with what is carried written out, and the answer at the end:
//   4827+3965=   7+5=12 2+6+1=9 8+9=17 4+3+1=8 =8792
//   5204-1837=   14-7=7 10-3-1=6 12-8-1=3 5-1-1=3 =3367     (a borrowed ten stands before its
//   digit) 483*7=       3*7=21 8*7+2=58 4*7+5=33 =3381
std::string solution_of(const Problem& problem);

}  // namespace kd::arithmetic
