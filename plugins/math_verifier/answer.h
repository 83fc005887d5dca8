// Answers as values that can be compared.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "number.h"

namespace kd::math {

struct Answer {
  enum class Kind {
    kNone,  // nothing that could be an answer: empty, or braces that do not match
    kNumber,
    kSequence,  // (a, b), [a, b), rows of a matrix: ordered, its brackets count
    kSet,       // {a, b}, or "a, b" without brackets: unordered
    kChoice,    // a letter A … J
    kTruth,     // yes, no, true, false
    kText,
  };
  Kind kind = Kind::kNone;
  Number number;
  std::vector<Answer> items;
  std::string brackets;  // "()", "[)"
  std::string text;      // normalised; of choices the upper-case letter
  std::string variable;  // "x" of "x = 5"
};

// Reads an answer: LaTeX dressing, units, thousands separators and a final full stop are taken off.
Answer parse_answer(std::string_view text);

// Whether the prediction is right. A reference that is a choice is met by "(B)" or "B. 42" too.
bool same_answer(const Answer& prediction, const Answer& reference, double tolerance);

}  // namespace kd::math
