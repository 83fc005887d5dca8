// Pairs of answers that people wrote, and whether they mean the same.
#include <gtest/gtest.h>

#include <vector>

#include "answer.h"

namespace kd::math {
namespace {

struct Pair {
  const char* prediction;
  const char* reference;
  bool same;
};

const std::vector<Pair> kPairs = {
    // integers
    {"42", "42", true},
    {"42", "43", false},
    {"-7", "-7", true},
    {"-7", "7", false},
    {"+7", "7", true},
    {"007", "7", true},
    {"0", "-0", true},
    {"42.", "42", true},
    {" 42 ", "42", true},
    {"$42$", "42", true},
    {"\\(42\\)", "42", true},
    {"\\[42\\]", "42", true},
    {"$$42$$", "42", true},
    {"\u221242", "-42", true},
    {"- 42", "-42", true},
    {"123456789012345678901234567890", "123456789012345678901234567890", true},
    {"123456789012345678901234567890", "123456789012345678901234567891", false},
    // thousands separators
    {"1,234", "1234", true},
    {"1,234,567", "1234567", true},
    {"1{,}234", "1234", true},
    {"1,\\!234", "1234", true},
    {"12,34", "1234", false},
    {"1,2345", "12345", false},
    {"1,234.5", "1234.5", true},
    {"1,234", "1235", false},
    // fractions
    {"1/2", "\\frac{1}{2}", true},
    {"\\frac12", "\\frac{1}{2}", true},
    {"\\dfrac{1}{2}", "1/2", true},
    {"\\tfrac{3}{6}", "1/2", true},
    {"\\frac{2}{4}", "\\frac{1}{2}", true},
    {"-\\frac{1}{2}", "\\frac{-1}{2}", true},
    {"\\frac{1}{-2}", "-1/2", true},
    {"\\frac{1}{3}", "\\frac{1}{2}", false},
    {"-\\frac{1}{2}", "\\frac{1}{2}", false},
    {"2/4", "1/2", true},
    {"4/2", "2", true},
    {"\\frac{4}{2}", "2", true},
    {"\\frac{22}{7}", "\\pi", false},
    {"3/0", "3", false},
    {"\\frac{ 1 }{ 2 }", "1/2", true},
    {"\\frac{\\frac{1}{2}}{3}", "1/6", true},
    {"\\left\\frac{1}{2}\\right", "1/2", true},
    // mixed numbers
    {"1\\frac{1}{2}", "3/2", true},
    {"1 1/2", "3/2", true},
    {"2\\frac{3}{4}", "2.75", true},
    {"-1\\frac{1}{2}", "-3/2", true},
    {"1\\frac{1}{2}", "1/2", false},
    {"1\\frac{3}{2}", "5/2", false},
    {"11/2", "3/2", false},
    // decimals
    {"0.5", "1/2", true},
    {".5", "0.5", true},
    {"0.50", "0.5", true},
    {"5.0", "5", true},
    {"0.333", "1/3", false},
    {"0.3333333", "1/3", true},
    {"1/3", "0.33", true},
    {"1/3", "0.34", false},
    {"3.14159", "3.14", true},
    {"3.15", "3.14", false},
    {"1.25", "1.2", true},  // exactly half a unit
    {"3.1", "3.14", false},
    {"2.5", "2.4", false},
    {"0.5", "0.51", false},
    {"1000000.5", "1000003.5", false},
    {"1 and 2", "\\{2, 1\\}", true},
    {"-0.25", "-1/4", true},
    {"3", "3.14", false},
    // scientific notation
    {"1.5e3", "1500", true},
    {"1.5E-3", "0.0015", true},
    {"2 \\times 10^{5}", "200000", true},
    {"2\\cdot 10^5", "200000", true},
    {"2 \\times 10^{-2}", "1/50", true},
    {"10^6", "1000000", true},
    {"2^{10}", "1024", true},
    {"2^{10}", "1023", false},
    {"2 \\times 10^{5}", "20000", false},
    // percent
    {"50%", "50\\%", true},
    {"50", "50\\%", true},
    {"0.5", "50%", true},
    {"1/2", "50%", true},
    {"5", "50%", false},
    {"50%", "0.5", true},
    {"50%", "50", false},
    {"12.5\\%", "12.5%", true},
    {"12.5 percent", "12.5%", true},
    {"0.5%", "50%", false},
    // money, degrees, units
    {"\\$5", "5", true},
    {"$5.00", "5", true},
    {"90^\\circ", "90", true},
    {"90°", "90", true},
    {"90^{\\circ}", "90", true},
    {"12 cm", "12", true},
    {"12\\text{ cm}", "12", true},
    {"12 \\mathrm{cm}^2", "12", true},
    {"12 square meters", "12", true},
    {"12 cm", "13 cm", false},
    {"5 hours", "5", true},
    {"7 dollars", "7", true},
    {"30 degrees", "30", true},
    // roots and pi
    {"\\sqrt{2}", "\\sqrt{2}", true},
    {"\\sqrt2", "\\sqrt{2}", true},
    {"\u221A2", "\\sqrt{2}", true},
    {"2\\sqrt{3}", "\\sqrt{12}", true},
    {"\\sqrt{4}", "2", true},
    {"\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}", true},
    {"\\frac{\\sqrt{3}}{3}", "\\frac{1}{\\sqrt{3}}", true},
    {"3\\sqrt{2}", "2\\sqrt{3}", false},
    {"\\sqrt{2}", "2", false},
    {"2\\pi", "2 \\pi", true},
    {"\\pi/2", "\\frac{\\pi}{2}", true},
    {"\\frac{1}{2}\\pi", "\\frac{\\pi}{2}", true},
    {"2\\pi", "\\pi", false},
    {"3.14", "\\pi", false},
    {"\\pi", "3.14", true},
    {"4\u03C0", "4\\pi", true},
    {"-\\sqrt{2}", "\\sqrt{2}", false},
    // what is computed is no answer
    {"3+4", "7", false},
    {"2*3", "6", false},
    {"10-3", "7", false},
    {"6/3/1", "2", false},
    // tuples, intervals, sets, lists
    {"(1, 2)", "(1,2)", true},
    {"(1,2)", "(2,1)", false},
    {"\\left(1, \\frac{1}{2}\\right)", "(1, 0.5)", true},
    {"(1,2,3)", "(1,2)", false},
    {"[1,2)", "[1, 2)", true},
    {"[1,2)", "[1,2]", false},
    {"(-\\infty, 3)", "(-\\infty,3)", true},
    {"(1, (2, 3))", "(1,(2,3))", true},
    {"(1, (2, 3))", "((1,2),3)", false},
    {"\\{1, 2, 3\\}", "\\{3,2,1\\}", true},
    {"\\{1,2\\}", "\\{1,2,2\\}", false},
    {"\\{1,2\\}", "\\{1,3\\}", false},
    {"1, 2", "2, 1", true},
    {"1, 2 and 3", "1, 2, and 3", true},
    {"1, 2", "\\{1, 2\\}", true},
    {"1,2", "1", false},
    {"\\{\\frac{1}{2}, 3\\}", "\\{3, 0.5\\}", true},
    {"\\begin{pmatrix}1 & 2\\\\ 3 & 4\\end{pmatrix}", "\\begin{bmatrix} 1&2\\\\3&4 \\end{bmatrix}",
     true},
    {"\\begin{pmatrix}1 & 2\\\\ 3 & 4\\end{pmatrix}", "\\begin{pmatrix}1&3\\\\2&4\\end{pmatrix}",
     false},
    {"\\begin{pmatrix}1/2\\\\ 3\\end{pmatrix}", "\\begin{pmatrix}0.5\\\\3\\end{pmatrix}", true},
    // names
    {"x = 5", "5", true},
    {"x=5", "x = 5", true},
    {"x = 5", "y = 5", false},
    {"5", "x = 5", true},
    {"x = 6", "5", false},
    {"x \\in [1,2]", "[1,2]", true},
    // multiple choice
    {"B", "B", true},
    {"(B)", "B", true},
    {"B)", "B", true},
    {"\\text{B}", "B", true},
    {"\\textbf{(B)}", "B", true},
    {"b", "B", true},
    {"(b)", "B", true},
    {"B. 42", "B", true},
    {"C", "B", false},
    {"Because", "B", false},
    {"A", "(A)", true},
    {"4", "B", false},
    // yes and no
    {"Yes", "yes", true},
    {"\\text{Yes}", "yes", true},
    {"true", "Yes", true},
    {"no", "yes", false},
    {"False", "No", true},
    // text and formulas
    {"Paris", "paris", true},
    {"\"Paris\"", "Paris", true},
    {"Paris.", "Paris", true},
    {"London", "Paris", false},
    {"x^2 + 1", "x^2+1", true},
    {"x^{2}+1", "x^{2} + 1", true},
    {"x^2+1", "x^2+2", false},
    {"5", "five", false},
    {"north west", "north  west", true},
    // damaged
    {"\\frac{1}{2", "1/2", false},
    {"}", "1", false},
    {"", "1", false},
    {"1", "", false},
};

TEST(AnswerTable, IsLarge) { EXPECT_GE(kPairs.size(), 150U); }

TEST(AnswerTable, EveryPairIsJudgedAsItsAuthorWould) {
  for (const Pair& pair : kPairs) {
    EXPECT_EQ(same_answer(parse_answer(pair.prediction), parse_answer(pair.reference), 1e-6),
              pair.same)
        << "'" << pair.prediction << "' for '" << pair.reference << "'";
  }
}

TEST(AnswerTable, EveryReadableAnswerIsEqualToItself) {
  for (const Pair& pair : kPairs) {
    for (const char* text : {pair.prediction, pair.reference}) {
      const Answer answer = parse_answer(text);
      EXPECT_EQ(same_answer(answer, answer, 1e-6), answer.kind != Answer::Kind::kNone) << text;
    }
  }
}

}  // namespace
}  // namespace kd::math
