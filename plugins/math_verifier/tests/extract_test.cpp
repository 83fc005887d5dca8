#include "extract.h"

#include <gtest/gtest.h>

#include <vector>

namespace kd::math {
namespace {

struct Case {
  const char* text;
  const char* answer;  // null: none
};

void check(const std::vector<Case>& cases, bool lenient) {
  for (const Case& one : cases) {
    const auto found = extract_answer(one.text, lenient);
    EXPECT_EQ(found.has_value(), one.answer != nullptr) << one.text;
    if (found && one.answer != nullptr) {
      EXPECT_EQ(*found, one.answer) << one.text;
    }
  }
}

TEST(Extract, FindsTheAnnouncedAnswer) {
  check({{"so \\boxed{42}.", "42"},
         {"\\boxed{1} and then \\boxed{2}", "2"},
         {"\\boxed{\\frac{1}{2}}", "\\frac{1}{2}"},
         {"\\boxed{\\{1, 2\\}} done", "\\{1, 2\\}"},
         {"\\boxed{{a}{b{c}}}", "{a}{b{c}}"},
         {"\\fbox{7}", "7"},
         {"<think>\\boxed{1}</think>\\boxed{2}", "2"},
         {"<think>\\boxed{1}</think>The answer is 3.", "3"},
         {"<think>a</think>b</think>\\boxed{4}", "4"},
         {"The final answer is 42.", "42"},
         {"The final answer is: $\\frac{1}{2}$. I hope it is correct.", "\\frac{1}{2}"},
         {"the answer is 3.5 apples", "3.5 apples"},
         {"Answer: B", "B"},
         {"**Answer:** 12", "12"},
         {"**Answer: 12**", "12"},
         {"answer: 1\nno wait\nAnswer: 2", "2"},
         {"work work\n#### 1,234", "1,234"},
         {"7+5=12 2+6+1=9 8+9=17 4+3+1=8 =8792", "8792"},
         {"so x = 5", "5"},
         {"so x = -\\frac{3}{4}", "-\\frac{3}{4}"},
         {"42", "42"},
         {" (1, 2) ", "(1, 2)"}},
        false);
}

TEST(Extract, FindsNoneWhereNoneIsAnnounced) {
  check({{"", nullptr},
         {"I do not know", nullptr},
         {"there are 5 apples and 6 pears", nullptr},
         {"\\boxed{12", nullptr},
         {"the answer is 5, that is \\boxed{5", nullptr},
         {"\\boxed{}", nullptr},
         {"<think>the answer is 5</think>", nullptr},
         {"<think>a</think>the answer is 5</think>none", nullptr},
         {"x = y", nullptr},
         {"1+2=3 and so on", nullptr},
         {"answer:", nullptr}},
        false);
}

TEST(Extract, LenientTakesTheLastNumber) {
  check({{"there are 5 apples and 6 pears", "6"},
         {"it costs 1,234.50 in all", "1,234.50"},
         {"about -3 degrees", "-3"},
         {"from 3-5 of them", "5"},
         {"that makes 3/4 of it", "3/4"},
         {"rises by 5% a year", "5%"},
         {"I do not know", nullptr},
         {"\\boxed{12", nullptr}},
        true);
}

}  // namespace
}  // namespace kd::math
