#include "number.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

namespace kd::math {
namespace {

constexpr size_t kLongestText = 300;
constexpr long kLargestExponent = 400;
constexpr long kLargestRadicand = 1'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

Integer power_of(const Integer& base, long exponent) {
  return boost::multiprecision::pow(base, static_cast<unsigned>(exponent));
}

// Leading zeros would make an octal number of it.
Integer decimal_integer(std::string_view digits) {
  const size_t first = digits.find_first_not_of('0');
  return first == std::string_view::npos ? Integer(0) : Integer(std::string(digits.substr(first)));
}

// Takes squares out of the root.
void reduce_root(Number& number) {
  for (long f = 2; f * f <= number.radicand; ++f) {
    while (number.radicand % (f * f) == 0) {
      number.radicand /= f * f;
      number.value *= f;
    }
  }
}

bool multiply(Number& a, const Number& b) {
  if (a.radicand > 1 && b.radicand > kLargestRadicand / a.radicand) return false;
  a.value *= b.value;
  a.radicand *= b.radicand;
  a.pi_power += b.pi_power;
  a.decimals = std::max(a.decimals, b.decimals);
  reduce_root(a);
  return true;
}

bool divide(Number& a, Number b) {
  if (b.value == 0) return false;
  b.value = 1 / (b.value * b.radicand);  // 1/sqrt(r) is sqrt(r)/r
  b.pi_power = -b.pi_power;
  return multiply(a, b);
}

// Recursive descent over one text; every function returns nothing and leaves the place undefined
// when its form is not there.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  std::optional<Number> whole() {
    auto number = signed_value();
    if (!number) return std::nullopt;
    skip_space();
    number->percent = take("\\%") || take("%");
    skip_space();
    if (at_ != text_.size()) return std::nullopt;
    return number;
  }

 private:
  using Parsed = std::optional<Number>;

  bool take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  void skip_space() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }
  bool digit_here() const { return at_ < text_.size() && is_digit(text_[at_]); }

  Parsed signed_value() {
    skip_space();
    const bool negative = take("-");
    if (!negative) take("+");
    skip_space();
    auto number = product();
    if (!number) return std::nullopt;
    skip_space();
    if (take("/")) {
      skip_space();
      const auto divisor = factor();
      if (!divisor || !divide(*number, *divisor)) return std::nullopt;
    }
    if (negative) number->value = -number->value;
    return number;
  }

  // One plain number at most, then roots, pi and powers of ten.
  Parsed product() {
    auto number = factor();
    if (!number) return std::nullopt;
    if (auto mixed = mixed_fraction(*number)) return mixed;
    for (;;) {
      const size_t before = at_;
      skip_space();
      const bool times = take("\\cdot") || take("\\times") || take("*") || take("\u00D7");
      skip_space();
      const auto next = times && power_of_ten_here() ? factor() : symbol();
      if (!next) {
        at_ = before;
        return times ? std::nullopt : number;
      }
      if (!multiply(*number, *next)) return std::nullopt;
    }
  }

  // 1\frac{1}{2}, 1 1/2: an integer and a proper fraction after it.
  Parsed mixed_fraction(const Number& whole) {
    const size_t before = at_;
    skip_space();
    const bool spaced = at_ > before;
    const bool plausible = whole_integer_ && whole.is_rational();
    Parsed part;
    if (plausible && text_.substr(at_, 5) == "\\frac") {
      part = fraction();
    } else if (plausible && spaced && digit_here()) {
      part = plain_fraction();
    }
    if (!part || !part->is_rational() || part->value >= 1 || part->value <= 0) {
      at_ = before;
      return std::nullopt;
    }
    part->value += whole.value;
    return part;
  }

  Parsed plain_fraction() {
    auto above = literal();
    if (!above || !take("/")) return std::nullopt;
    const auto below = literal();
    if (!below || !divide(*above, *below)) return std::nullopt;
    return above;
  }

  bool power_of_ten_here() const { return text_.substr(at_, 3) == "10^"; }

  Parsed symbol() {
    if (text_.substr(at_, 5) == "\\sqrt" || text_.substr(at_, 3) == "\u221A") return root();
    if (take("\\pi") || take("\u03C0") || take("pi")) {
      Number pi;
      pi.value = 1;
      pi.pi_power = 1;
      return pi;
    }
    return std::nullopt;
  }

  Parsed factor() {
    whole_integer_ = false;
    if (text_.substr(at_, 5) == "\\frac") return fraction();
    if (!digit_here() && !(at_ < text_.size() && text_[at_] == '.')) return symbol();
    auto number = literal();
    if (!number) return std::nullopt;
    if (take("^")) return raised(*number);
    whole_integer_ = number->decimals < 0;
    return number;
  }

  Parsed raised(Number base) {
    const bool braces = take("{");
    const bool negative = take("-");
    const auto exponent = small_integer();
    if (!exponent || (braces && !take("}"))) return std::nullopt;
    if (base.value == 0 || base.decimals >= 0 || *exponent > kLargestExponent ||
        base.value > 1'000'000) {
      return std::nullopt;
    }
    const Integer power = power_of(numerator(base.value), *exponent);
    base.value = negative ? Rational(1, power) : Rational(power);
    return base;
  }

  std::optional<long> small_integer() {
    const size_t begin = at_;
    while (digit_here()) ++at_;
    if (at_ == begin || at_ - begin > 9) return std::nullopt;
    return std::stol(std::string(text_.substr(begin, at_ - begin)));
  }

  Parsed fraction() {
    take("\\frac");
    auto above = argument();
    if (!above) return std::nullopt;
    const auto below = argument();
    if (!below || !divide(*above, *below)) return std::nullopt;
    return above;
  }

  // {…} or a single digit, as TeX takes them.
  Parsed argument() {
    skip_space();
    if (take("{")) {
      auto inner = signed_value();
      skip_space();
      return take("}") ? inner : std::nullopt;
    }
    if (!digit_here()) return symbol();
    Number digit;
    digit.value = text_[at_++] - '0';
    return digit;
  }

  Parsed root() {
    if (!take("\\sqrt")) take("\u221A");
    const bool braces = take("{");
    const auto radicand = small_integer();
    if (!radicand || *radicand > kLargestRadicand || (braces && !take("}"))) return std::nullopt;
    Number number;
    number.value = *radicand == 0 ? 0 : 1;
    number.radicand = std::max(*radicand, 1L);
    reduce_root(number);
    return number;
  }

  // Digits with thousands separators, a decimal part, an exponent.
  Parsed literal() {
    std::string digits;
    if (!integer_digits(digits)) return std::nullopt;
    Number number;
    if (at_ < text_.size() && text_[at_] == '.') {
      ++at_;
      const size_t begin = at_;
      while (digit_here()) digits.push_back(text_[at_++]);
      number.decimals = static_cast<int>(at_ - begin);
      if (number.decimals == 0) number.decimals = -1;  // "5." is an integer
    }
    if (digits.empty()) return std::nullopt;
    number.value = decimal_integer(digits);
    if (number.decimals > 0) number.value /= Rational(power_of(10, number.decimals));
    return scaled(number);
  }

  // 1,234,567 and 1{,}234: separators only between groups of three.
  bool integer_digits(std::string& digits) {
    while (digit_here()) digits.push_back(text_[at_++]);
    const bool may_group = !digits.empty() && digits.size() <= 3 && digits[0] != '0';
    while (may_group) {
      const size_t before = at_;
      if (!take("{,}") && !take(",\\!") && !take(",")) break;
      size_t n = 0;
      while (n < 4 && at_ + n < text_.size() && is_digit(text_[at_ + n])) ++n;
      if (n != 3) {
        at_ = before;
        break;
      }
      digits.append(text_.substr(at_, 3));
      at_ += 3;
    }
    return true;
  }

  Parsed scaled(Number number) {
    const size_t before = at_;
    if (!take("e") && !take("E")) return number;
    const bool negative = take("-");
    if (!negative) take("+");
    const auto exponent = small_integer();
    if (!exponent) {
      at_ = before;
      return number;
    }
    if (*exponent > kLargestExponent) return std::nullopt;
    const Rational power(power_of(10, *exponent));
    if (negative)
      number.value /= power;
    else
      number.value *= power;
    number.decimals = -1;  // its digits say nothing about units
    return number;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool whole_integer_ = false;  // the last factor was an integer as written
};

bool same_value(const Number& a, const Number& b, double tolerance) {
  if (a.radicand == b.radicand && a.pi_power == b.pi_power && a.value == b.value) return true;
  if (a.decimals < 0 && b.decimals < 0) return false;
  if (a.is_rational() && b.is_rational()) {
    Rational difference = a.value - b.value;
    if (difference < 0) difference = -difference;
    const Rational half(1, 2 * power_of(10, std::max(b.decimals, 0)));
    if (b.decimals > 0 && difference <= half) return true;
  }
  const double x = a.approximate();
  const double y = b.approximate();
  const double half = b.decimals > 0 ? 0.5 * std::pow(10.0, -b.decimals) : 0;
  return std::abs(x - y) <= std::max(tolerance * std::max(1.0, std::abs(y)), half);
}

}  // namespace

double Number::approximate() const {
  return value.convert_to<double>() * std::sqrt(static_cast<double>(radicand)) *
         std::pow(std::numbers::pi, pi_power);
}

std::optional<Number> parse_number(std::string_view text) {
  if (text.size() > kLongestText) return std::nullopt;
  return Parser(text).whole();
}

bool same_number(const Number& prediction, const Number& reference, double tolerance) {
  Number hundredth = reference;
  hundredth.value /= 100;
  if (hundredth.decimals >= 0) hundredth.decimals += 2;
  if (reference.percent) {
    return same_value(prediction, reference, tolerance) ||
           (!prediction.percent && same_value(prediction, hundredth, tolerance));
  }
  if (!prediction.percent) return same_value(prediction, reference, tolerance);
  Number plain = prediction;
  plain.value /= 100;
  if (plain.decimals >= 0) plain.decimals += 2;
  return same_value(plain, reference, tolerance);
}

}  // namespace kd::math
