#include "kd/want.h"

#include <ATen/ops/empty.h>
#include <gtest/gtest.h>

#include "kd/tensors.h"
#include "kd/verifier.h"
#include "sdk/tests/expect_error.h"

namespace kd {
namespace {

using test::error_of;

TEST(Want, ParsesItsFourParts) {
  const Want want = Want::parse("chosen.teacher@privileged.hidden.6");
  EXPECT_EQ(want.side, "chosen");
  EXPECT_EQ(want.role, "teacher");
  EXPECT_EQ(want.view, "privileged");
  EXPECT_EQ(want.output, "hidden.6");
}

TEST(Want, WritesWhatItRead) {
  for (const char* text : {"student.logits", "teacher@privileged.logits", "student.hidden.6",
                           "rejected.reference.logits", "chosen.student@v.a.b-c.0",
                           "student.model.layers.0.self_attn"}) {
    EXPECT_EQ(Want::parse(text).str(), text);
  }
}

TEST(Want, RefusesWhatIsNone) {
  for (const char* text : {"", "logits", "chosen.logits", "student.", ".logits", "student..x",
                           "student.x.", "student@.logits", "@v.logits", "6.logits", "a b.logits",
                           "student.lo gits", "student@v@w.logits", "étudiant.logits"}) {
    EXPECT_EQ(error_of([&] { Want::parse(text); }).code(), ErrorCode::kPlugin) << text;
  }
  EXPECT_STREQ(error_of([] { Want::parse("logits"); }).what(),
               "'logits' is not a want\n"
               "  hint: a want is [chosen.|rejected.]role[@view].output, such as student.logits, "
               "teacher@privileged.hidden.6 or chosen.reference.logits");
}

TEST(Want, SideNames) {
  EXPECT_EQ(side_name("", "labels"), "labels");
  EXPECT_EQ(side_name("chosen", "labels"), "chosen.labels");
}

TEST(Tensors, MissingOnesSayWhatThereIs) {
  const TensorMap tensors{{"labels", at::empty({2})}, {"mask", at::empty({2})}};
  EXPECT_EQ(require_tensor(tensors, "mask").numel(), 2);
  EXPECT_STREQ(error_of([&] { require_tensor(tensors, "lables"); }).what(),
               "there is no tensor 'lables'\n  hint: did you mean 'labels'? valid: labels, mask");
}

TEST(Tensors, DescribeThemselves) {
  EXPECT_EQ(describe_tensor(at::empty({2, 3})), "float32 [2, 3]");
  EXPECT_EQ(describe_tensor(at::empty({}, at::kLong)), "int64 []");
  EXPECT_EQ(describe_tensor(at::empty({1}, at::kBFloat16)), "bfloat16 [1]");
  EXPECT_EQ(describe_tensor({}), "an undefined tensor");
  EXPECT_NO_THROW(require_rank(at::empty({2, 3}), 2, "x", "[B, T]"));
  EXPECT_STREQ(error_of([] {
                 require_rank(at::empty({4, 7}), 3, "student.logits", "[B, T, V]");
               }).what(),
               "student.logits: expected [B, T, V], got float32 [4, 7]");
}

TEST(Verdict, HasWords) {
  EXPECT_EQ(to_string(VerdictState::kOk), "ok");
  EXPECT_EQ(to_string(VerdictState::kUnparsablePrediction), "unparsable_prediction");
  EXPECT_EQ(to_string(VerdictState::kUnparsableReference), "unparsable_reference");
}

}  // namespace
}  // namespace kd
