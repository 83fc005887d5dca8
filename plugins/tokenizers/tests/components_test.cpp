#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "tests/support.h"

namespace kd::tokenizers {
namespace {

using test::make;
using test::text_rows;
using testing::ElementsAre;
using testing::HasSubstr;

void expect_round_trips(const Tokenizer& tokenizer) {
  for (const auto& text : test::sample_texts()) {
    const auto ids = tokenizer.encode(text);
    EXPECT_EQ(tokenizer.decode(ids), text);
    for (const auto id : ids) {
      EXPECT_GE(id, 0);
      EXPECT_LT(id, tokenizer.vocabulary());
    }
  }
}

TEST(ByteTokenizer, IdsAreBytes) {
  const auto tokenizer = make("byte");
  EXPECT_THAT(tokenizer->encode("aé"), ElementsAre('a', 0xC3, 0xA9));
  expect_round_trips(*tokenizer);
  EXPECT_EQ(tokenizer->pad(), 256);
  EXPECT_EQ(tokenizer->bos(), 257);
  EXPECT_EQ(tokenizer->eos(), 258);
  EXPECT_EQ(tokenizer->token_id("<|eos|>"), 258);
  EXPECT_EQ(tokenizer->token_id("<|im_start|>"), 259);
  EXPECT_EQ(tokenizer->token_id("nothing"), -1);
  EXPECT_EQ(tokenizer->vocabulary(), 261);
  EXPECT_EQ(make("byte", {{"specials", Value::List{}}})->vocabulary(), 259);
}

TEST(ByteTokenizer, SpecialTokensInTextStayText) {
  const auto tokenizer = make("byte");
  const auto ids = tokenizer->encode("a<|eos|><|im_start|>");
  EXPECT_EQ(ids.size(), 20U);
  EXPECT_EQ(std::count_if(ids.begin(), ids.end(), [](int64_t id) { return id >= 256; }), 0);
  EXPECT_EQ(tokenizer->decode(ids), "a<|eos|><|im_start|>");
}

TEST(ByteTokenizer, DecodingLeavesSpecialTokensOutAndRepairsText) {
  const auto tokenizer = make("byte");
  EXPECT_EQ(tokenizer->decode({257, 'h', 'i', 258, 256}), "hi");
  EXPECT_EQ(tokenizer->decode({0xC3, 'x'}), "\uFFFDx");
  EXPECT_THROW(tokenizer->decode({261}), Error);
  EXPECT_THROW(tokenizer->decode({-1}), Error);
}

TEST(ByteTokenizer, AnyBytesCanBeEncoded) {
  EXPECT_THAT(make("byte")->encode("\xFF\x00x"), ElementsAre(0xFF));
  EXPECT_EQ(make("byte")->encode(std::string_view("\xFF\0x", 3)).size(), 3U);
}

TEST(CharacterTokenizer, IdsFollowTheAlphabet) {
  const auto tokenizer = make("characters", {{"alphabet", "0123456789+-*= "}});
  EXPECT_THAT(tokenizer->encode("12+3= "), ElementsAre(1, 2, 10, 3, 13, 14));
  EXPECT_EQ(tokenizer->decode({1, 2, 10, 3, 13, 14, tokenizer->eos()}), "12+3= ");
  EXPECT_EQ(tokenizer->vocabulary(), 18);
  EXPECT_EQ(tokenizer->pad(), 15);
}

TEST(CharacterTokenizer, NamesTheCharacterItDoesNotKnow) {
  const auto tokenizer = make("characters", {{"alphabet", "abc"}});
  for (const auto& [text, name] : {std::pair{"axb", "'x'"}, std::pair{"aéb", "'é'"}}) {
    try {
      tokenizer->encode(text);
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData);
      EXPECT_THAT(error.what(), HasSubstr(name));
    }
  }
}

TEST(CharacterTokenizer, RefusesAlphabetsThatAreNone) {
  EXPECT_THROW(make("characters", {{"alphabet", "aa"}}), Error);
  EXPECT_THROW(make("characters", {{"alphabet", ""}}), Error);
  EXPECT_THROW(make("characters", {{"alphabet", "é"}}), Error);
  EXPECT_THROW(make("characters"), Error);
}

TEST(BpeTokenizer, IsTrainedFromRows) {
  const auto tokenizer =
      make("bpe", {{"train", text_rows(test::sample_texts())}, {"vocab_size", 300}});
  EXPECT_EQ(tokenizer->vocabulary(), 300);
  expect_round_trips(*tokenizer);
  EXPECT_LT(tokenizer->encode("the theory").size(), 10U);
  EXPECT_EQ(tokenizer->pad(), 295);
  const auto again = make("bpe", {{"train", text_rows(test::sample_texts())}, {"vocab_size", 300}});
  EXPECT_EQ(again->fingerprint(), tokenizer->fingerprint());
  const auto other = make("bpe", {{"train", text_rows(test::sample_texts())}, {"vocab_size", 301}});
  EXPECT_NE(other->fingerprint(), tokenizer->fingerprint());
}

TEST(BpeTokenizer, ReadsTheColumnsItIsTold) {
  const Value::List messages = {Value::Map{{"role", "user"}, {"content", "zqzqzqzqzq"}}};
  std::vector<Row> rows = {{{"messages", messages}, {"other", "wkwkwkwkwk"}}};
  const Value source(std::make_shared<const MemoryRows>(rows));
  const auto spoken = make("bpe", {{"train", source}, {"vocab_size", 270}});
  EXPECT_LT(spoken->encode("zqzq").size(), 4U);
  EXPECT_EQ(spoken->encode("wkwk").size(), 4U);
  EXPECT_THROW(make("bpe", {{"train", source}, {"columns", Value::List{"text"}}}), Error);
}

TEST(BpeTokenizer, WantsOneSource) {
  EXPECT_THROW(make("bpe"), Error);
  EXPECT_THROW(make("bpe", {{"train", text_rows({"a"})}, {"path", "x"}}), Error);
}

TEST(Tokenizers, FingerprintsTellThemApart) {
  const std::set<std::string> prints = {make("byte")->fingerprint(),
                                        make("byte", {{"specials", Value::List{}}})->fingerprint(),
                                        make("characters", {{"alphabet", "ab"}})->fingerprint(),
                                        make("characters", {{"alphabet", "ba"}})->fingerprint()};
  EXPECT_EQ(prints.size(), 4U);
}

TEST(Tokenizers, NoSpecialTokenTwice) {
  EXPECT_THROW(make("byte", {{"specials", Value::List{"<|pad|>"}}}), Error);
}

}  // namespace
}  // namespace kd::tokenizers
