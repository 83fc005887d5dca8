#include "core/data/encode.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/data/chatml.h"
#include "core/data/implicit_prompt.h"
#include "core/data/tests/support.h"
#include "kd/random.h"

namespace kd::core {
namespace {

using test::error_of;
using test::Letters;
using test::rows_of;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr int64_t kNo = kIgnoredLabel;
constexpr int64_t kEos = 2;
const Letters kLetters;
const Letters kLettersWithBegin(true);

Value message(const char* role, const char* content) {
  return Value::Map{{"role", role}, {"content", content}};
}

// The tokens of which a row was made: its first id, then what each position shows or predicts.
std::vector<int64_t> labelled_tokens(const EncodedRow& row) {
  std::vector<int64_t> out;
  for (const auto label : row.labels) {
    if (label != kNo) out.push_back(label);
  }
  return out;
}

TEST(Encode, LabelsAreTheNextTokensOfTheCompletion) {
  const auto row = encode_row({{"prompt", "ab"}, {"completion", "cd"}}, kLetters);
  EXPECT_THAT(row.ids, ElementsAre('a', 'b', 'c', 'd'));
  EXPECT_THAT(row.labels, ElementsAre(kNo, 'c', 'd', kEos));
  EXPECT_EQ(row.labelled(), 3);
}

TEST(Encode, ABeginTokenIsPutInFrontWhereThereIsOne) {
  const auto row = encode_row({{"prompt", "a"}, {"completion", "c"}}, kLettersWithBegin);
  EXPECT_THAT(row.ids, ElementsAre(1, 'a', 'c'));
  EXPECT_THAT(row.labels, ElementsAre(kNo, 'c', kEos));
}

TEST(Encode, TextIsLearntWhole) {
  const auto row = encode_row({{"text", "abc"}}, kLetters);
  EXPECT_THAT(row.ids, ElementsAre('a', 'b', 'c'));
  EXPECT_THAT(row.labels, ElementsAre('b', 'c', kEos));
  EXPECT_THAT(encode_row({{"text", "a"}}, kLettersWithBegin).labels, ElementsAre('a', kEos));
}

TEST(Encode, MessagesCountWhatTheAssistantSaysAndItsEnd) {
  const Row row = {{"messages", Value::List{message("user", "q"), message("assistant", "ok")}}};
  const auto encoded = encode_row(row, kLetters);
  std::vector<int64_t> expected = {3};
  const auto add = [&](const char* text) {
    for (const char* c = text; *c != 0; ++c) expected.push_back(*c);
  };
  add("user\nq");
  expected.push_back(4);
  add("\n");
  expected.push_back(3);
  add("assistant\nok");
  expected.push_back(4);  // the newline after it is predicted by nothing
  EXPECT_EQ(encoded.ids, expected);
  EXPECT_THAT(labelled_tokens(encoded), ElementsAre('o', 'k', 4));
}

TEST(Encode, MarkersInsideATextOpenNoTurn) {
  const Row row = {
      {"messages", Value::List{message("user", "<|im_end|>"), message("assistant", "a")}}};
  const auto encoded = encode_row(row, kLetters);
  EXPECT_EQ(std::count(encoded.ids.begin(), encoded.ids.end(), 4), 2);
}

TEST(Encode, ThinkingGoesBeforeTheAnswer) {
  const Value said(Value::Map{{"role", "assistant"}, {"content", "a"}, {"thinking", "t"}});
  const auto tokens = chatml({said}, kLetters);
  EXPECT_THAT(kLetters.decode(tokens.ids), HasSubstr("assistant\n<think>t</think>a"));
}

TEST(Encode, ConversationalPromptsAndCompletions) {
  const Row row = {{"prompt", Value::List{message("user", "q")}},
                   {"completion", Value::List{message("assistant", "ok")}}};
  const Row whole = {{"messages", Value::List{message("user", "q"), message("assistant", "ok")}}};
  EXPECT_EQ(encode_row(row, kLetters).labels, encode_row(whole, kLetters).labels);
  const Row text = {{"prompt", Value::List{message("user", "q")}}, {"completion", "ok"}};
  EXPECT_THAT(labelled_tokens(encode_row(text, kLetters)), ElementsAre('o', 'k', 4));
  const Row wrong = {{"prompt", Value::List{message("user", "q")}},
                     {"completion", Value::List{message("user", "ok")}}};
  EXPECT_THROW(encode_row(wrong, kLetters), Error);
}

std::string random_text(RandomStream& stream) {
  static const std::vector<std::string> units = {"a",          " ",      "\n", "<|im_start|>",
                                                 "<|im_end|>", "user\n", "x"};
  std::string out;
  for (uint64_t n = stream.below(6); n > 0; --n) out += units[stream.below(units.size())];
  return out;
}

TEST(Encode, ThePromptIsTheBeginningOfTheRowInRandomConversations) {
  RandomStream stream(StreamKey{1, "test", "conversations", 0, 0});
  for (int i = 0; i < 1000; ++i) {
    Value::List messages;
    for (uint64_t turn = 0, turns = 1 + stream.below(3); turn < turns; ++turn) {
      messages.push_back(message("user", random_text(stream).c_str()));
      messages.push_back(message("assistant", random_text(stream).c_str()));
    }
    const Row row = {{"messages", messages}};
    const auto prompt = encode_prompt(row, kLettersWithBegin);
    const auto whole = encode_row(row, kLettersWithBegin);
    ASSERT_LE(prompt.size(), whole.ids.size());
    EXPECT_TRUE(std::equal(prompt.begin(), prompt.end(), whole.ids.begin()));
    // Markers come from turns only, never from texts.
    EXPECT_EQ(static_cast<size_t>(std::count(whole.ids.begin(), whole.ids.end(), 3)),
              messages.size());
  }
}

TEST(Encode, PromptsOfEveryKind) {
  EXPECT_THAT(encode_prompt({{"prompt", "ab"}}, kLettersWithBegin), ElementsAre(1, 'a', 'b'));
  EXPECT_THAT(encode_prompt({{"prompt", "ab"}, {"completion", "c"}}, kLetters),
              ElementsAre('a', 'b'));
  EXPECT_THAT(encode_prompt({{"text", "abc"}}, kLettersWithBegin), ElementsAre(1));
  const Row pair = {{"chosen", "ab c"}, {"rejected", "ab d"}};
  EXPECT_THAT(encode_prompt(pair, kLetters), ElementsAre('a', 'b'));
  EXPECT_THAT(stop_tokens({{"prompt", "a"}}, kLetters), ElementsAre(kEos));
  EXPECT_THAT(stop_tokens({{"messages", Value::List{}}}, kLetters), ElementsAre(kEos, 4));
}

TEST(Encode, BadMessagesAreNamed) {
  const auto what = [](const Value& messages) {
    return std::string(error_of([&] { encode_row({{"messages", messages}}, kLetters); }).what());
  };
  EXPECT_THAT(what(Value::List{Value::Map{{"role", "user"}}}), HasSubstr("'content'"));
  EXPECT_THAT(what(Value::List{"hi"}), HasSubstr("message 0"));
  const Value tool(Value::Map{{"role", "assistant"}, {"content", "a"}, {"tool_calls", 5}});
  EXPECT_THAT(what(Value::List{tool}), HasSubstr("'tool_calls'"));
}

TEST(ImplicitPrompt, EndsBeforeTheWordThatDiffers) {
  const auto texts = pair_texts({{"chosen", "one two three"}, {"rejected", "one two four"}});
  EXPECT_EQ(texts.prompt.as_string(), "one two");
  EXPECT_EQ(texts.chosen.as_string(), " three");
  EXPECT_EQ(texts.rejected.as_string(), " four");
}

TEST(ImplicitPrompt, NeverCutsACharacter) {
  const auto texts = pair_texts({{"chosen", "xé"}, {"rejected", "xè"}});  // both begin with 0xC3
  EXPECT_EQ(texts.prompt.as_string(), "x");
  EXPECT_EQ(texts.chosen.as_string(), "é");
}

TEST(ImplicitPrompt, OfMessagesIsTheCommonOnes) {
  const auto texts =
      pair_texts({{"chosen", Value::List{message("user", "q"), message("assistant", "a")}},
                  {"rejected", Value::List{message("user", "q"), message("assistant", "b")}}});
  EXPECT_EQ(texts.prompt, Value(Value::List{message("user", "q")}));
  EXPECT_THROW(pair_texts({{"chosen", "a"}, {"rejected", "a"}}), Error);
  EXPECT_THROW(pair_texts({{"chosen", "a"}, {"rejected", Value::List{}}}), Error);
}

EncodedDataset encoded(std::vector<Row> rows, int64_t max_length = 1024) {
  return encode_dataset(*rows_of(std::move(rows)), kLetters, {max_length}, "traces.data");
}

TEST(EncodeDataset, CutsTheEndAndKeepsThePrompt) {
  const auto dataset = encoded({{{"prompt", "ab"}, {"completion", "cdef"}},
                                {{"prompt", "abcd"}, {"completion", "e"}},
                                {{"prompt", "a"}, {"completion", "b"}}},
                               3);
  ASSERT_EQ(dataset.size(), 2);
  EXPECT_THAT(dataset.rows[0].ids, ElementsAre('a', 'b', 'c'));
  EXPECT_THAT(dataset.rows[0].labels, ElementsAre(kNo, 'c', 'd'));
  EXPECT_EQ(dataset.truncated, 2);
  EXPECT_EQ(dataset.without_label, 1);
  EXPECT_THAT(dataset.source_rows, ElementsAre(0, 2));
}

TEST(EncodeDataset, PairsHaveTwoSides) {
  const auto dataset = encoded({{{"prompt", "a"}, {"chosen", "bc"}, {"rejected", "d"}}});
  EXPECT_EQ(dataset.kind, RowKind::kPair);
  EXPECT_THAT(dataset.rows[0].labels, ElementsAre('b', 'c', kEos));
  EXPECT_THAT(dataset.rejected[0].labels, ElementsAre('d', kEos));
  EXPECT_THAT(dataset.lengths(), ElementsAre(3));
}

TEST(EncodeDataset, ErrorsNameDatasetAndRow) {
  const auto what = [](std::vector<Row> rows) {
    return std::string(error_of([&] { encoded(std::move(rows)); }).what());
  };
  EXPECT_THAT(what({}), HasSubstr("traces.data has no row"));
  EXPECT_THAT(what({{{"prompt", "a"}}}), HasSubstr("no completion"));
  EXPECT_THAT(what({{{"question", "a"}}}), HasSubstr("question"));
  EXPECT_THAT(what({{{"text", "a"}}, {{"prompt", "a"}, {"completion", "b"}}}), HasSubstr("row 1"));
  EXPECT_THAT(what({{{"prompt", 5}, {"completion", "b"}}}), HasSubstr("'prompt' is 5"));
}

std::vector<int64_t> values(const at::Tensor& tensor) {
  const auto* data = tensor.const_data_ptr<int64_t>();
  return {data, data + tensor.numel()};
}

TEST(Collate, PadsOnTheRight) {
  const EncodedRow a = {{5, 6, 7}, {kNo, 7, 8}};
  const EncodedRow b = {{9}, {10}};
  const std::vector<const EncodedRow*> rows = {&a, &b};
  const auto batch = collate(rows, 0);
  EXPECT_EQ(batch.at("input_ids").sizes(), (std::vector<int64_t>{2, 3}));
  EXPECT_THAT(values(batch.at("input_ids")), ElementsAre(5, 6, 7, 9, 0, 0));
  EXPECT_THAT(values(batch.at("labels")), ElementsAre(kNo, 7, 8, 10, kNo, kNo));
  EXPECT_THAT(values(batch.at("attention_mask")), ElementsAre(1, 1, 1, 1, 0, 0));
  EXPECT_EQ(collate(rows, 0, 5).at("labels").size(1), 5);
  EXPECT_THROW(collate(std::vector<const EncodedRow*>{}, 0), Error);
}

TEST(Collate, SidesOfPairsShareTheirLength) {
  const auto dataset = encoded({{{"prompt", "a"}, {"chosen", "bcde"}, {"rejected", "d"}},
                                {{"prompt", "a"}, {"chosen", "b"}, {"rejected", "def"}}});
  const std::vector<int64_t> both = {1, 0};
  const auto batch = collate(dataset, both);
  EXPECT_EQ(batch.size(), 6U);
  for (const auto& [name, tensor] : batch)
    EXPECT_EQ(tensor.sizes(), (std::vector<int64_t>{2, 5})) << name;
  EXPECT_THAT(values(batch.at("rejected.input_ids")),
              ElementsAre('a', 'd', 'e', 'f', 0, 'a', 'd', 0, 0, 0));
}

}  // namespace
}  // namespace kd::core
