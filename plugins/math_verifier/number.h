// Exact numbers as answers write them: rationals, times a square root, times a power of pi.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <optional>
#include <string_view>

namespace kd::math {

using Integer = boost::multiprecision::cpp_int;
using Rational = boost::multiprecision::cpp_rational;

struct Number {
  Rational value;     // of the rational factor
  long radicand = 1;  // under the root, square-free, at least 1
  int pi_power = 0;
  int decimals = -1;     // digits after the point as written; -1: none was written as a decimal
  bool percent = false;  // had a percent sign; `value` is what stands before it

  bool is_rational() const { return radicand == 1 && pi_power == 0; }
  double approximate() const;
};

// Reads a whole text as a number: 42, -1,234.5, 3/4, \frac{3}{4}, 1\frac12, 1 1/2, 2\sqrt{3}/5,
// \frac{\pi}{6}, 1.5e-3, 2 \times 10^{5}, 2^{10}, 50%. Not sums or products of plain numbers: "3+4"
// is a problem, no answer. Spaces are one apiece. Texts above 300 characters are no numbers.
std::optional<Number> parse_number(std::string_view text);

// Equal by value: exactly, and where either was written as a decimal within
// max(tolerance * max(1, |reference|), half a unit of the last decimal of the reference). A
// reference in percent is met by the same number with or without the sign, and by its hundredth.
bool same_number(const Number& prediction, const Number& reference, double tolerance);

}  // namespace kd::math
