// The same ids as Python's tokenizers, from the same files. Skipped without KD_PARITY_PYTHON.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "kd/json.h"
#include "kd/random.h"
#include "tests/support.h"

namespace kd::tokenizers {
namespace {

using test::make;
using test::TemporaryFolder;

// Encodes each text with and without special tokens, and decodes the ids again.
constexpr const char* kScript = R"(
import json, sys
from tokenizers import Tokenizer
folder = sys.argv[1]
tokenizer = Tokenizer.from_file(folder + "/tokenizer.json")
out = []
for text in json.load(open(folder + "/texts.json", encoding="utf-8")):
    plain = tokenizer.encode(text, add_special_tokens=False).ids
    full = tokenizer.encode(text).ids
    out.append({"plain": plain, "full": full, "decoded": tokenizer.decode(plain)})
json.dump({"rows": out, "size": tokenizer.get_vocab_size()},
          open(folder + "/expected.json", "w", encoding="utf-8"))
)";

// Random texts of everything that the cuts treat differently.
std::vector<std::string> random_texts(int count) {
  const std::vector<std::string> units = {
      "a",  "B",  "é",  "日", "1",      "23",     "½",   "Ⅳ",   " ",
      "  ", "\n", "\r", "\t", "\u00A0", "\u3000", "'s",  "'LL", "'\u017F",
      "'",  ".",  ",!", "😀",  "\u0301", "-",      "the", "ing", "\u200D"};
  std::vector<std::string> texts;
  RandomStream stream(StreamKey{2, "test", "texts", 0, 0});
  for (int i = 0; i < count; ++i) {
    std::string text;
    for (uint64_t n = stream.below(24); n > 0; --n) text += units[stream.below(units.size())];
    texts.push_back(std::move(text));
  }
  return texts;
}

Value ask_python(const std::filesystem::path& folder, const std::vector<std::string>& texts) {
  std::ofstream(folder / "texts.json") << to_json(Value(Value::List(texts.begin(), texts.end())));
  std::ofstream(folder / "ask.py") << kScript;
  const std::string command = std::string(std::getenv("KD_PARITY_PYTHON")) + " " +
                              (folder / "ask.py").string() + " " + folder.string();
  EXPECT_EQ(std::system(command.c_str()), 0);
  std::ostringstream text;
  text << std::ifstream(folder / "expected.json").rdbuf();
  return parse_json(text.str());
}

Value ids_value(const std::vector<int64_t>& ids) {
  return Value(Value::List(ids.begin(), ids.end()));
}

void expect_parity(const Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  const TemporaryFolder folder;
  tokenizer.save(folder.path());
  const Value expected = ask_python(folder.path(), texts);
  EXPECT_EQ(expected.find("size")->as_integer(), tokenizer.vocabulary());
  const auto& rows = expected.find("rows")->as_list();
  ASSERT_EQ(rows.size(), texts.size());
  for (size_t i = 0; i < rows.size(); ++i) {
    const auto ids = tokenizer.encode(texts[i]);
    EXPECT_EQ(ids_value(ids), *rows[i].find("plain")) << texts[i];
    EXPECT_EQ(Value(tokenizer.decode(ids)), *rows[i].find("decoded")) << texts[i];
    auto full = ids;
    if (tokenizer.bos() >= 0) full.insert(full.begin(), tokenizer.bos());
    EXPECT_EQ(ids_value(full), *rows[i].find("full")) << texts[i];
  }
}

class TokenizerParity : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("KD_PARITY_PYTHON") == nullptr) GTEST_SKIP() << "KD_PARITY_PYTHON is not set";
    texts_ = test::sample_texts();
    for (auto& text : random_texts(1500)) texts_.push_back(std::move(text));
  }
  std::vector<std::string> texts_;
};

TEST_F(TokenizerParity, Byte) { expect_parity(*make("byte"), texts_); }

TEST_F(TokenizerParity, Characters) {
  expect_parity(*make("characters", {{"alphabet", "0123456789+-*= \n"}}), {"12+3=15 \n", "", "7"});
}

TEST_F(TokenizerParity, TrainedBpe) {
  for (const char* split : {"gpt2", "llama3", "qwen2"}) {
    SCOPED_TRACE(split);
    expect_parity(
        *make("bpe", {{"train", test::text_rows(texts_)}, {"vocab_size", 600}, {"split", split}}),
        texts_);
  }
}

// Tokenizers of other makers, with what the reference library said of them: KD_FIXTURES holds
// tokenizers/<kind>/tokenizer.json and expected.jsonl.
class TokenizerFixture : public testing::TestWithParam<const char*> {};

TEST_P(TokenizerFixture, GivesTheSameIds) {
  if (std::getenv("KD_FIXTURES") == nullptr) GTEST_SKIP() << "KD_FIXTURES is not set";
  const auto folder = std::filesystem::path(std::getenv("KD_FIXTURES")) / "tokenizers" / GetParam();
  const auto tokenizer = make("file", {{"path", folder.string()}});
  std::ifstream lines(folder / "expected.jsonl");
  int compared = 0;
  for (std::string line; std::getline(lines, line); ++compared) {
    const Value expected = parse_json(line);
    const auto& text = expected.find("text")->as_string();
    // Reference ids are of text in which special tokens were looked for; ours never are.
    if (text.find("<|") != std::string::npos) continue;
    auto ids = tokenizer->encode(text);
    EXPECT_EQ(ids_value(ids), *expected.find("ids_no_special")) << text;
    if (tokenizer->bos() >= 0) ids.insert(ids.begin(), tokenizer->bos());
    EXPECT_EQ(ids_value(ids), *expected.find("ids")) << text;
  }
  EXPECT_GT(compared, 10);
}

INSTANTIATE_TEST_SUITE_P(ByteLevel, TokenizerFixture, testing::Values("gpt2", "llama3", "qwen2"));

}  // namespace
}  // namespace kd::tokenizers
