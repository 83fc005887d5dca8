// A random rational in many styles must be recognised, its neighbour must not; and no text whatever
// may do harm.
#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "answer.h"
#include "extract.h"
#include "kd/error.h"
#include "kd/random.h"

namespace kd::math {
namespace {

struct Fraction {
  int64_t above = 1;
  int64_t below = 1;
};

// Digits of the quotient, with eight after the point.
std::string decimal(const Fraction& f) {
  const bool negative = f.above < 0;
  int64_t rest = std::abs(f.above);
  std::string out = cat(negative ? "-" : "", rest / f.below, ".");
  for (int i = 0; i < 8; ++i) {
    rest = rest % f.below * 10;
    out += static_cast<char>('0' + rest / f.below);
  }
  return out;
}

std::string mixed(const Fraction& f) {
  const int64_t size = std::abs(f.above);
  if (size < f.below || size % f.below == 0) return cat(f.above, "/", f.below);
  return cat(f.above < 0 ? "-" : "", size / f.below, "\\frac{", size % f.below, "}{", f.below, "}");
}

std::string in_style(const Fraction& f, int style) {
  switch (style) {
    case 0:
      return cat(f.above, "/", f.below);
    case 1:
      return cat("\\frac{", f.above, "}{", f.below, "}");
    case 2:
      return cat("$", f.above < 0 ? "-" : "", "\\dfrac{", std::abs(f.above), "}{", f.below, "}$");
    case 3:
      return decimal(f);
    case 4:
      return mixed(f);
    default:
      return cat("x = ", 3 * f.above, "/", 3 * f.below, ".");
  }
}

TEST(Fuzz, RationalsInSixStyles) {
  RandomStream stream(StreamKey{5, "test", "rationals", 0, 0});
  for (int i = 0; i < 2000; ++i) {
    const Fraction f{static_cast<int64_t>(stream.below(1999)) - 999,
                     1 + static_cast<int64_t>(stream.below(999))};
    const Answer reference = parse_answer(in_style(f, static_cast<int>(stream.below(3))));
    for (int style = 0; style < 6; ++style) {
      const std::string right = "Thus \\boxed{" + in_style(f, style) + "}.";
      EXPECT_TRUE(same_answer(parse_answer(*extract_answer(right, false)), reference, 1e-6))
          << right << " for " << f.above << "/" << f.below;
      for (const int64_t error : {-1, 1}) {
        const std::string wrong = in_style({f.above + error, f.below}, style);
        EXPECT_FALSE(same_answer(parse_answer(wrong), reference, 1e-6))
            << wrong << " for " << f.above << "/" << f.below;
      }
    }
  }
}

TEST(Fuzz, NoTextDoesHarm) {
  const std::string alphabet = "0123456789\\{}()[],.$%^_=-+/ abxfrcsqtpiE\n";
  RandomStream stream(StreamKey{5, "test", "garbage", 0, 0});
  for (int i = 0; i < 20000; ++i) {
    std::string text = stream.below(2) == 0 ? "\\boxed{" : "";
    for (uint64_t n = stream.below(40); n > 0; --n) text += alphabet[stream.below(alphabet.size())];
    const auto found = extract_answer(text, true);
    const Answer answer = parse_answer(found.value_or(text));
    if (answer.kind != Answer::Kind::kNone) {
      EXPECT_TRUE(same_answer(answer, answer, 1e-6)) << text;
    }
  }
}

TEST(Fuzz, DeepAndLongTextsEndInTime) {
  for (const char* unit : {"(", "{", "\\frac{", "\\sqrt{", "1,", "\\boxed{", "9", "10^"}) {
    std::string text;
    for (int i = 0; i < 3000; ++i) text += unit;
    parse_answer(text);
    extract_answer(text, true);
  }
  EXPECT_FALSE(same_answer(parse_answer("10^999999999"), parse_answer("1"), 1e-6));
}

}  // namespace
}  // namespace kd::math
