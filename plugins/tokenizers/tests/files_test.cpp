#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "kd/json.h"
#include "tests/support.h"

namespace kd::tokenizers {
namespace {

using test::make;
using test::TemporaryFolder;
using testing::HasSubstr;

void write(const std::filesystem::path& path, const std::string& text) {
  std::ofstream(path, std::ios::binary) << text;
}

void expect_survives_files(const Tokenizer& tokenizer, const std::vector<std::string>& texts) {
  const TemporaryFolder folder;
  tokenizer.save(folder.path());
  const auto loaded = make("file", {{"path", folder.path().string()}});
  for (const auto& text : texts) EXPECT_EQ(loaded->encode(text), tokenizer.encode(text));
  EXPECT_EQ(loaded->vocabulary(), tokenizer.vocabulary());
  EXPECT_EQ(loaded->bos(), tokenizer.bos());
  EXPECT_EQ(loaded->eos(), tokenizer.eos());
  EXPECT_EQ(loaded->pad(), tokenizer.pad());
  EXPECT_EQ(loaded->fingerprint(), tokenizer.fingerprint());
}

TEST(TokenizerFiles, EveryComponentComesBack) {
  expect_survives_files(*make("byte"), test::sample_texts());
  expect_survives_files(*make("characters", {{"alphabet", "0123456789+= \n"}}), {"1+1=2\n", ""});
  for (const char* split : {"gpt2", "llama3", "qwen2"}) {
    expect_survives_files(*make("bpe", {{"train", test::text_rows(test::sample_texts())},
                                        {"vocab_size", 320},
                                        {"split", split}}),
                          test::sample_texts());
  }
}

// A small tokenizer.json with one part replaced.
std::string file_with(const std::string& key, const std::string& part) {
  std::map<std::string, std::string> parts = {
      {"added_tokens", R"([{"id": 3, "content": "<|endoftext|>", "special": true}])"},
      {"normalizer", "null"},
      {"pre_tokenizer", R"({"type": "ByteLevel", "add_prefix_space": false, "use_regex": true})"},
      {"post_processor", "null"},
      {"model", R"({"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]})"}};
  parts[key] = part;
  std::string text = "{";
  for (const auto& [name, value] : parts) text += "\"" + name + "\": " + value + ", ";
  return text + "\"version\": \"1.0\"}";
}

std::shared_ptr<Tokenizer> load(const std::string& text, Value::Map params = {},
                                const std::string& config = {}) {
  const TemporaryFolder folder;
  write(folder.path() / "tokenizer.json", text);
  if (!config.empty()) write(folder.path() / "tokenizer_config.json", config);
  params["path"] = folder.path().string();
  return make("file", params);
}

TEST(TokenizerFiles, OldMergesAndMissingConfigAreRead) {
  const auto tokenizer = load(file_with("version_", "null"));
  EXPECT_EQ(tokenizer->encode("abb"), (std::vector<int64_t>{2, 1}));
  EXPECT_EQ(tokenizer->eos(), 3);
  EXPECT_EQ(tokenizer->pad(), 3);
  EXPECT_EQ(tokenizer->bos(), -1);
  EXPECT_EQ(tokenizer->vocabulary(), 4);
}

TEST(TokenizerFiles, TheConfigAndTheRecipeNameSpecialTokens) {
  const std::string added = R"([{"id": 3, "content": "<e>", "special": true},
      {"id": 4, "content": "<p>", "special": true}, {"id": 5, "content": "<tool>", "special": false}])";
  const std::string config = R"({"eos_token": {"content": "<e>"}, "pad_token": "<p>"})";
  const auto tokenizer = load(file_with("added_tokens", added), {}, config);
  EXPECT_EQ(tokenizer->eos(), 3);
  EXPECT_EQ(tokenizer->pad(), 4);
  // What is not special is found in text.
  EXPECT_EQ(tokenizer->encode("a<tool>b"), (std::vector<int64_t>{0, 5, 1}));
  EXPECT_EQ(tokenizer->decode({0, 5, 1, 3}), "a<tool>b");
  EXPECT_EQ(load(file_with("added_tokens", added), {{"eos", "<p>"}}, config)->eos(), 4);
  try {
    load(file_with("added_tokens", added), {{"eos", "<x>"}}, config);
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'<x>'"));
  }
}

TEST(TokenizerFiles, TemplatesSayWhetherTextBeginsWithAToken) {
  const std::string processor = R"({"type": "TemplateProcessing", "single":
      [{"SpecialToken": {"id": "<|endoftext|>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]})";
  EXPECT_EQ(load(file_with("post_processor", processor))->bos(), 3);
}

TEST(TokenizerFiles, WhatIsNotUnderstoodIsRefused) {
  const std::vector<std::pair<std::string, std::string>> parts = {
      {"model", R"({"type": "WordPiece", "vocab": {}})"},
      {"model", R"({"type": "BPE", "byte_fallback": true, "vocab": {"a": 0}, "merges": []})"},
      {"model", R"({"type": "BPE", "vocab": {"a": 0}, "merges": ["a b"]})"},
      {"model", R"({"type": "BPE", "vocab": {"a": -1}, "merges": []})"},
      {"model", R"({"type": "BPE", "vocab": {"日": 0}, "merges": []})"},
      {"normalizer", R"({"type": "Lowercase"})"},
      {"pre_tokenizer", "null"},
      {"pre_tokenizer", R"({"type": "Whitespace"})"},
      {"pre_tokenizer", R"({"type": "Sequence", "pretokenizers": [{"type": "Split",
          "pattern": {"Regex": "\\w+"}, "behavior": "Isolated"}, {"type": "ByteLevel",
          "add_prefix_space": false, "use_regex": false}]})"},
      {"post_processor", R"({"type": "BertProcessing"})"},
      {"added_tokens", R"([{"id": 3, "content": "x", "special": false, "lstrip": true}])"},
      {"added_tokens", "[]"},  // nothing to pad with
  };
  for (const auto& [key, part] : parts) {
    try {
      load(file_with(key, part));
      ADD_FAILURE() << key << ": " << part;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData) << error.what();
    }
  }
}

TEST(TokenizerFiles, DamagedAndMissingFilesAreNamed) {
  const TemporaryFolder folder;
  const auto path = folder.path() / "tokenizer.json";
  for (const char* text : {"", "{", "[]", "{\"model\": 5}"}) {
    write(path, text);
    try {
      make("file", {{"path", path.string()}});
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr(path.string())) << text;
    }
  }
  EXPECT_THROW(make("file", {{"path", "/no/such/folder"}}), Error);
}

}  // namespace
}  // namespace kd::tokenizers
