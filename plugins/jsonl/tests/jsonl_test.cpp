#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "kd/data.h"
#include "tests/support/components.h"

namespace kd::jsonl {
namespace {

using test::PluginComponents;
using testing::HasSubstr;

class Jsonl : public testing::Test {
 protected:
  ~Jsonl() override { std::filesystem::remove(path_); }

  std::shared_ptr<const RowSource> read(std::string_view text, Value::Map params = {}) {
    std::ofstream(path_, std::ios::binary) << text;
    params["path"] = path_.string();
    return PluginComponents().make<DataSource>("jsonl", params)->split("");
  }

  // Reads all rows; the error's text.
  std::string error_of(std::string_view text, const Value::Map& params = {}) {
    try {
      const auto rows = read(text, params);
      for (int64_t i = 0; i < rows->size(); ++i) rows->row(i);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kData);
      return error.what();
    }
    return "no error";
  }

  std::string place(int line) const { return path_.string() + ":" + std::to_string(line); }

  std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                ("kd_jsonl_" + std::to_string(::getpid()) + ".jsonl");
};

TEST_F(Jsonl, ReadsEveryKindOfRow) {
  const auto rows = read(R"({"text": "a\u00e9\n"}
{"text": "b", "id": 7, "logprobs": [-0.5, -1], "more": {"x": null}}
)");
  ASSERT_EQ(rows->size(), 2);
  EXPECT_EQ(rows->row(0).at("text").as_string(), "aé\n");
  EXPECT_EQ(rows->row(1).at("id").as_integer(), 7);
  EXPECT_EQ(rows->row(1).at("logprobs").as_list()[1].as_number(), -1);
  EXPECT_TRUE(rows->row(1).at("more").find("x")->is_nil());

  EXPECT_EQ(read(R"({"messages": [{"role": "user", "content": "hi"}]})")->size(), 1);
  EXPECT_EQ(
      read(R"({"prompt": "p", "completion": [{"role": "assistant", "content": "c"}]})")->size(), 1);
  EXPECT_EQ(read(R"({"prompt": "p", "chosen": "c", "rejected": "r"})")->size(), 1);
}

TEST_F(Jsonl, LineEndsAndMarksOfOtherSystemsAreNoContent) {
  const auto rows = read("\xEF\xBB\xBF{\"text\": \"a\"}\r\n{\"text\": \"b\"}\r\n\r\n\n");
  ASSERT_EQ(rows->size(), 2);
  EXPECT_EQ(rows->row(0).at("text").as_string(), "a");
  EXPECT_EQ(rows->row(1).at("text").as_string(), "b");
}

TEST_F(Jsonl, ALastLineWithoutLineEndCounts) {
  EXPECT_EQ(read("{\"text\": \"a\"}\n{\"text\": \"b\"}")->size(), 2);
}

struct BadLine {
  std::string line;
  std::string reason;
};

TEST_F(Jsonl, NamesTheLineAndTheReason) {
  const std::string nul("{\"text\": \"a\0b\"}", 15);
  const std::vector<BadLine> cases = {
      {"{\"text\": \"\xC3(\"}", "UTF-8"},
      {nul, "NUL byte at byte 11"},
      {std::string("{\"text\": \"a\"}\0x", 15), "NUL byte at byte 13"},
      {"", "empty"},
      {"  ", "empty"},
      {"\r", "empty"},
      {"[1, 2]", "not an object"},
      {"{\"text\": 5}", "'text' is 5, not a text"},
      {"{\"text\": null}", "'text' is nil"},
      {"{\"id\": 5}", "'text' is missing"},
      {"{\"text\": \"a\", \"text\": \"b\"}", "duplicate key 'text'"},
      {"{\"text\": \"a\", \"x\": NaN}", "invalid"},
      {"{\"text\": \"a\", \"x\": " + std::string(100, '[') + std::string(100, ']') + "}", "nested"},
      {"{\"text\": \"a\"} {}", "invalid JSON"},
      {"{\"text\": \"a\"", "invalid JSON"},
  };
  for (const auto& bad : cases) {
    const std::string message =
        error_of("{\"text\": \"ok\"}\n" + bad.line + "\n{\"text\": \"ok\"}\n");
    EXPECT_THAT(message, HasSubstr(place(2))) << bad.line;
    EXPECT_THAT(message, HasSubstr(bad.reason)) << bad.line;
  }
}

TEST_F(Jsonl, ChecksMessages) {
  EXPECT_THAT(error_of(R"({"messages": "hi"})"), HasSubstr("not a list of messages"));
  EXPECT_THAT(error_of(R"({"messages": []})"), HasSubstr("empty list"));
  EXPECT_THAT(error_of(R"({"messages": [{"role": "user"}]})"),
              HasSubstr("messages[0] has no 'content'"));
  EXPECT_THAT(error_of(R"({"messages": [{"role": "user", "content": 5}]})"),
              HasSubstr("content is 5"));
  EXPECT_THAT(error_of(R"({"prompt": 5, "completion": "c"})"), HasSubstr("'prompt' is 5"));
}

TEST_F(Jsonl, SaysWhenTheFileMayHaveBeenCutOff) {
  const std::string message = error_of("{\"text\": \"a\"}\n{\"text\": \"b");
  EXPECT_THAT(message, HasSubstr(place(2)));
  EXPECT_THAT(message, HasSubstr("cut off"));
}

TEST_F(Jsonl, CanSkipBadLinesUpToALimit) {
  const std::string text =
      "{\"text\": \"a\"}\nbad\n{\"text\": \"b\"}\n{\"id\": 1}\n{\"text\": \"c\"}\n";
  const auto rows = read(text, {{"on_error", "skip"}});
  ASSERT_EQ(rows->size(), 3);
  EXPECT_EQ(rows->row(1).at("text").as_string(), "b");
  const std::string message = error_of(text, {{"on_error", "skip"}, {"max_skipped", 1}});
  EXPECT_THAT(message, HasSubstr("more than 1 bad lines"));
  EXPECT_THAT(message, HasSubstr(place(2)));
  EXPECT_EQ(read(text, {{"on_error", "skip"}, {"limit", 2}})->size(), 2);
}

TEST_F(Jsonl, ColumnsAreKeptAndRequired) {
  const std::string text = "{\"text\": \"a\", \"id\": 1}\n{\"text\": \"b\"}\n";
  const auto rows = read(text, {{"columns", Value::List{"text"}}});
  EXPECT_EQ(rows->row(0).size(), 1U);
  EXPECT_THAT(error_of(text, {{"columns", Value::List{"id"}}}), HasSubstr("'id' is missing"));
  EXPECT_THAT(error_of(text, {{"columns", Value::List{"txet"}}}), HasSubstr("did you mean 'text'"));
}

TEST_F(Jsonl, LimitStopsEarly) {
  const auto rows = read("{\"text\": \"a\"}\n{\"text\": \"b\"}\nbad\n", {{"limit", 2}});
  EXPECT_EQ(rows->size(), 2);
}

TEST_F(Jsonl, FilesWithoutRowsAndMissingFilesAreErrors) {
  EXPECT_THAT(error_of(""), HasSubstr("no rows"));
  EXPECT_THAT(error_of("\n\n"), HasSubstr("no rows"));
  try {
    PluginComponents().make<DataSource>("jsonl", {{"path", "/no/such.jsonl"}})->split("");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("No such file"));
  }
}

TEST_F(Jsonl, HasNoSplits) {
  read("{\"text\": \"a\"}");
  EXPECT_THROW(
      PluginComponents().make<DataSource>("jsonl", {{"path", path_.string()}})->split("train"),
      Error);
}

}  // namespace
}  // namespace kd::jsonl
