#include "presplit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support.h"
#include "unicode.h"

namespace kd::tokenizers {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Presplit, Gpt2) {
  EXPECT_THAT(presplit(Presplit::kGpt2, "It's 12 o'clock!!  ok"),
              ElementsAre("It", "'s", " 12", " o", "'", "clock", "!!", " ", " ok"));
  EXPECT_THAT(presplit(Presplit::kGpt2, "I'LL"), ElementsAre("I", "'", "LL"));
  EXPECT_THAT(presplit(Presplit::kGpt2, "a\n\n b  "), ElementsAre("a", "\n\n", " b", "  "));
}

TEST(Presplit, Llama3) {
  EXPECT_THAT(presplit(Presplit::kLlama3, "I'LL pay 1234567!\n\nok"),
              ElementsAre("I", "'LL", " pay", " ", "123", "456", "7", "!\n\n", "ok"));
  EXPECT_THAT(presplit(Presplit::kLlama3, "(word \n  x"), ElementsAre("(word", " \n", " ", " x"));
}

TEST(Presplit, Qwen2CutsNumbersIntoDigits) {
  EXPECT_THAT(presplit(Presplit::kQwen2, "a 12"), ElementsAre("a", " ", "1", "2"));
}

TEST(Presplit, NoneKeepsTheText) {
  EXPECT_THAT(presplit(Presplit::kNone, "a b"), ElementsAre("a b"));
  EXPECT_THAT(presplit(Presplit::kNone, ""), IsEmpty());
}

TEST(Presplit, PiecesMakeUpTheText) {
  auto texts = test::sample_texts();
  texts.push_back("bad \xFF\xC3( utf8 \xE2\x82");
  for (const auto& text : texts) {
    for (const auto rule : {Presplit::kGpt2, Presplit::kLlama3, Presplit::kQwen2}) {
      std::string joined;
      for (const auto piece : presplit(rule, text)) {
        EXPECT_FALSE(piece.empty());
        joined += piece;
      }
      EXPECT_EQ(joined, text);
    }
  }
}

TEST(Unicode, InvalidPartsBecomeOneReplacementEach) {
  EXPECT_EQ(lossy_utf8("a\xFF\xFE"
                       "b"),
            "a\uFFFD\uFFFDb");
  EXPECT_EQ(lossy_utf8("\xE2\x82"), "\uFFFD");  // a sequence cut off
  EXPECT_EQ(lossy_utf8("\xE2\x82x"), "\uFFFDx");
  EXPECT_EQ(lossy_utf8("\xC0\x80"), "\uFFFD\uFFFD");            // overlong
  EXPECT_EQ(lossy_utf8("\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");  // surrogate
  EXPECT_EQ(lossy_utf8("é日😀"), "é日😀");
}

TEST(Unicode, Properties) {
  EXPECT_TRUE(is_letter(0x65E5));
  EXPECT_TRUE(is_number(0x00BD));
  EXPECT_FALSE(is_number('x'));
  EXPECT_TRUE(is_space(0x3000));
  EXPECT_FALSE(is_space(0x200B));
  EXPECT_EQ(nfc("e\u0301"), "é");
}

}  // namespace
}  // namespace kd::tokenizers
