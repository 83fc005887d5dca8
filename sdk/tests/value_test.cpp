#include "kd/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sdk/tests/expect_error.h"

namespace kd {
namespace {

using test::error_of;

class Thing : public Object {
 public:
  std::string type_name() const override { return "thing"; }
};

TEST(Value, ConvertsWithoutLoss) {
  EXPECT_EQ(Value(2000.0).as_integer(), 2000);
  EXPECT_EQ(Value(3).as_number(), 3.0);
  EXPECT_EQ(Value(-9223372036854775808.0).as_integer(), std::numeric_limits<int64_t>::min());
  for (double v : {0.5, 9223372036854775808.0, 1e300, std::nan("")}) {
    EXPECT_THROW(Value(v).as_integer(), Error) << v;
  }
  EXPECT_THROW(Value(true).as_number(), Error);
  EXPECT_THROW(Value("1").as_integer(), Error);
}

TEST(Value, EmptyTablesAreListsAndMaps) {
  EXPECT_TRUE(Value(Value::Map()).as_list().empty());
  EXPECT_TRUE(Value(Value::List()).as_map().empty());
  EXPECT_THROW(Value(Value::List{1}).as_map(), Error);
  EXPECT_THROW(Value((Value::Map{{"a", 1}})).as_list(), Error);
}

TEST(Value, ErrorsNameTheActualValue) {
  const Error error = error_of([] { Value("text").as_number(); });
  EXPECT_STREQ(error.what(), "expected a number, got 'text'");
  EXPECT_EQ(error.code(), ErrorCode::kUsage);
  EXPECT_STREQ(error_of([] { Value().as_object(); }).what(), "expected an object, got nil");
}

TEST(Value, Previews) {
  EXPECT_EQ(Value(0.1).preview(), "0.1");
  EXPECT_EQ(Value(true).preview(), "true");
  EXPECT_EQ(Value((Value::List{1, "a", Value::List{2}, Value::Map{}, 5})).preview(),
            "{1, 'a', {…}, {…}, …}");
  EXPECT_EQ(Value((Value::Map{{"a", 1}})).preview(), "{…}");
  EXPECT_EQ(Value(std::make_shared<Thing>()).preview(), "a thing");
  // Cut between characters, never inside one.
  EXPECT_EQ(Value(std::string(39, 'x') + "éé").preview(), "'" + std::string(39, 'x') + "é…'");
}

TEST(Value, TypeNames) {
  EXPECT_EQ(Value().type_name(), "nil");
  EXPECT_EQ(Value(1).type_name(), "integer");
  EXPECT_EQ(Value(1.0).type_name(), "number");
  EXPECT_EQ(Value(Value::List()).type_name(), "list");
  EXPECT_EQ(Value(Value::Map()).type_name(), "table");
  EXPECT_EQ(Value(std::make_shared<Thing>()).type_name(), "thing");
}

TEST(Value, FindsMembersAndObjects) {
  const auto thing = std::make_shared<Thing>();
  const Value map(Value::Map{{"t", thing}});
  ASSERT_NE(map.find("t"), nullptr);
  EXPECT_EQ(map.find("t")->object_as<Thing>(), thing);
  EXPECT_EQ(map.find("t")->object_as<Callable>(), nullptr);
  EXPECT_EQ(map.find("u"), nullptr);
  EXPECT_EQ(Value(1).find("t"), nullptr);
  EXPECT_EQ(Value(thing), Value(thing));
  EXPECT_NE(Value(thing), Value(std::make_shared<Thing>()));
}

}  // namespace
}  // namespace kd
