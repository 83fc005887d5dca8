#include "kd/json.h"

#include <gtest/gtest.h>

#include <limits>

#include "sdk/tests/expect_error.h"

namespace kd {
namespace {

using test::error_of;

std::string parse_error(const std::string& text) {
  const Error error = error_of([&] { parse_json(text); });
  EXPECT_EQ(error.code(), ErrorCode::kData);
  return error.what();
}

TEST(Json, ParsesEveryKind) {
  const Value v = parse_json(R"( {"a": [1, -2.5, 1e2, true, null, "é\n\u0041"], "b": {}} )");
  const auto& a = v.find("a")->as_list();
  EXPECT_TRUE(a[0].is_integer());
  EXPECT_EQ(a[1], Value(-2.5));
  EXPECT_EQ(a[2], Value(100.0));
  EXPECT_EQ(a[3], Value(true));
  EXPECT_TRUE(a[4].is_nil());
  EXPECT_EQ(a[5], Value("é\nA"));
  EXPECT_TRUE(v.find("b")->is_map());
  EXPECT_EQ(parse_json("7"), Value(7));
}

TEST(Json, IntegersKeepAllTheirBits) {
  EXPECT_EQ(parse_json("9223372036854775807").as_integer(), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(parse_json("-9223372036854775808").as_integer(), std::numeric_limits<int64_t>::min());
  EXPECT_EQ(parse_error("[9223372036854775808]"),
            "invalid JSON at byte 20: integer does not fit in 64 bits");
  EXPECT_NE(parse_error("123456789012345678901234567890").find("does not fit"), std::string::npos);
  EXPECT_NE(parse_error("1e999").find("number overflow"), std::string::npos);
}

TEST(Json, RefusesWhatIsNoJson) {
  EXPECT_EQ(parse_error(R"({"a": 1, "a": 2})"), "invalid JSON at byte 11: duplicate key 'a'");
  for (const char* text : {"", "{", "[1,]", "{\"a\" 1}", "nul", "1 2", "'a'", "[1] x", "NaN",
                           "\"\xff\"", "\"\xed\xa0\x80\"", "\"\n\"", "{1: 2}", "[\x01]"}) {
    EXPECT_NE(parse_error(text).find("invalid JSON at byte "), std::string::npos) << text;
  }
}

TEST(Json, ANulByteEndsNoText) {
  EXPECT_EQ(parse_error(std::string("{}\0 x", 5)), "invalid JSON at byte 2: a NUL byte");
}

TEST(Json, MessagesSayWhere) {
  EXPECT_EQ(parse_error("[1, 2"),
            "invalid JSON at byte 5: syntax error while parsing array - unexpected end of input; "
            "expected ']'");
}

TEST(Json, LimitsDepth) {
  const auto nested = [](size_t n) { return std::string(n, '[') + std::string(n, ']'); };
  EXPECT_NO_THROW(parse_json(nested(64)));
  EXPECT_EQ(parse_error(nested(65)), "invalid JSON at byte 64: nested deeper than 64");
  EXPECT_NE(parse_error(nested(100000)).find("nested deeper"), std::string::npos);
  std::string maps;
  for (int i = 0; i < 100000; ++i) maps += "{\"a\":";
  EXPECT_NE(parse_error(maps).find("nested deeper"), std::string::npos);
}

TEST(Json, WritesCanonically) {
  const Value v(Value::Map{{"b", Value::List{1, 2.0, 0.1, 1e300, -0.0}},
                           {"a", "\"\\\n\x01é/"},
                           {"n", Value()},
                           {"e", Value::Map()},
                           {"nan", std::numeric_limits<double>::quiet_NaN()},
                           {"t", true}});
  EXPECT_EQ(to_json(v),
            "{\"a\":\"\\\"\\\\\\n\\u0001é/\",\"b\":[1,2.0,0.1,1e+300,-0.0],\"e\":{},"
            "\"n\":null,\"nan\":null,\"t\":true}");
  EXPECT_EQ(to_json(Value(Value::Map{{"a", Value::List{1, Value::List()}}}), 2),
            "{\n  \"a\": [\n    1,\n    []\n  ]\n}");
}

TEST(Json, RoundTripsBitForBit) {
  for (double v : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, -2.0, 1e15, 1e16, 123456789.125}) {
    const Value back = parse_json(to_json(v));
    EXPECT_FALSE(back.is_integer()) << v;
    EXPECT_EQ(back.as_number(), v);
  }
}

TEST(Json, RefusesToWriteWhatJsonCannotHold) {
  class Thing : public Object {
    std::string type_name() const override { return "thing"; }
  };
  EXPECT_STREQ(error_of([] { to_json(std::make_shared<Thing>()); }).what(),
               "a thing cannot be written as JSON");
  EXPECT_STREQ(error_of([] { to_json("ab\xff"); }).what(),
               "text for JSON is not UTF-8 at byte 2: it begins 'ab'");
}

}  // namespace
}  // namespace kd
