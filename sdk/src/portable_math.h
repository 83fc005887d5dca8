// The transcendental functions that random numbers need, by additions, multiplications and
// divisions alone: IEEE 754 fixes their bits, while libm's differ between versions and processors.
// Relative error below 1e-15. Units that include this are compiled with -ffp-contract=off.
#pragma once

#include <cmath>
#include <utility>

namespace kd::detail {

// ln(x) for finite x > 0.
inline double portable_log(double x) {
  constexpr double kSqrtHalf = 0.70710678118654752440;
  constexpr double kLn2 = 0.69314718055994530942;
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // [1/2, 1)
  if (m < kSqrtHalf) {
    m *= 2;
    --exponent;
  }
  // ln(m) = 2·artanh(f) = 2·(f + f³/3 + f⁵/5 + …) with |f| < 0.172
  const double f = (m - 1) / (m + 1), f2 = f * f;
  double series = 0;
  for (int n = 23; n >= 1; n -= 2) series = series * f2 + 1.0 / n;
  return exponent * kLn2 + 2 * f * series;
}

// {cos, sin} of 2π·turns for turns in [0, 1).
inline std::pair<double, double> portable_cos_sin(double turns) {
  constexpr double kHalfPi = 1.57079632679489661923;
  const int quadrant = static_cast<int>(turns * 4);
  const double part = turns * 4 - quadrant;  // exact; [0, 1)
  const bool upper = part > 0.5;
  const double x = (upper ? 1 - part : part) * kHalfPi, x2 = x * x;  // [0, π/4]
  double c = 1, s = 1;
  for (int n = 16; n >= 2; n -= 2) {
    c = 1 - c * x2 / (n * (n - 1));
    s = 1 - s * x2 / (n * (n + 1));
  }
  s *= x;
  if (upper) std::swap(c, s);
  switch (quadrant) {
    case 0:
      return {c, s};
    case 1:
      return {-s, c};
    case 2:
      return {-c, -s};
    default:
      return {s, -c};
  }
}

}  // namespace kd::detail
