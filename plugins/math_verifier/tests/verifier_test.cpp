#include "kd/verifier.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/components.h"

namespace kd::math {
namespace {

using test::PluginComponents;

Verdict verify(const Value& answer, const std::string& completion, const Value::Map& params = {}) {
  const Row row = {{"answer", answer}, {"prompt", "?"}};
  return PluginComponents().make<Verifier>("math", params)->verify(row, completion);
}

TEST(MathVerifier, TellsItsStatesApart) {
  EXPECT_EQ(verify("42", "\\boxed{42}").state, VerdictState::kOk);
  EXPECT_EQ(verify("42", "\\boxed{42}").score, 1);
  EXPECT_EQ(verify("42", "\\boxed{42}").extracted, "42");
  EXPECT_EQ(verify("42", "\\boxed{41}").state, VerdictState::kWrong);
  EXPECT_EQ(verify("42", "\\boxed{41}").score, 0);
  EXPECT_EQ(verify("42", "no idea").state, VerdictState::kUnparsablePrediction);
  EXPECT_EQ(verify("42", "\\boxed{42").state, VerdictState::kUnparsablePrediction);
  EXPECT_EQ(verify("", "\\boxed{42}").state, VerdictState::kUnparsableReference);
  EXPECT_EQ(verify(Value(), "\\boxed{42}").state, VerdictState::kUnparsableReference);
  EXPECT_EQ(verify("\\frac{1}{", "\\boxed{42}").state, VerdictState::kUnparsableReference);
}

TEST(MathVerifier, ReadsReferencesOfManyKinds) {
  EXPECT_EQ(verify(42, "\\boxed{42}").state, VerdictState::kOk);
  EXPECT_EQ(verify(0.5, "\\boxed{1/2}").state, VerdictState::kOk);
  EXPECT_EQ(verify(true, "the answer is yes").state, VerdictState::kOk);
  EXPECT_EQ(verify("First … so \\boxed{7}.", "= 7").state, VerdictState::kOk);
  EXPECT_EQ(verify("He pays 3*5=15\n#### 15", "answer: 15").state, VerdictState::kOk);
}

TEST(MathVerifier, JudgesTheAnswerOfAScratchpad) {
  EXPECT_EQ(verify("8792", "7+5=12 2+6+1=9 8+9=17 4+3+1=8 =8792").state, VerdictState::kOk);
  EXPECT_EQ(verify("8792", "7+5=12 2+6=8 8+9=17 4+3+1=8 =8782").state, VerdictState::kWrong);
  EXPECT_EQ(verify("8792", "7+5=12 2+6+1=").state, VerdictState::kUnparsablePrediction);
  EXPECT_EQ(verify("8792", "4827+3965").state, VerdictState::kUnparsablePrediction);
}

TEST(MathVerifier, LenientIsAChoice) {
  EXPECT_EQ(verify("6", "I count 5, no, 6 of them").state, VerdictState::kUnparsablePrediction);
  EXPECT_EQ(verify("6", "I count 5, no, 6 of them", {{"lenient", true}}).state, VerdictState::kOk);
}

TEST(MathVerifier, NamesAColumnThatIsNotThere) {
  try {
    verify("6", "6", {{"answer", "anwser"}});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("did you mean 'answer'"));
  }
}

}  // namespace
}  // namespace kd::math
