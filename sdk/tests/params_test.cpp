#include "kd/params.h"

#include <gtest/gtest.h>

#include <cmath>

#include "kd/data.h"
#include "kd/json.h"
#include "kd/verifier.h"
#include "sdk/tests/expect_error.h"

namespace kd {
namespace {

using test::error_of;

struct Net {
  int64_t layers = 2;
  double dropout = 0.1;
  static Params<Net> params() {
    Params<Net> p;
    p.add("layers", &Net::layers, "blocks").at_least(1);
    p.add("dropout", &Net::dropout, "").range(0, 1);
    return p;
  }
};

struct Everything {
  bool flag = false;
  int64_t steps = 100;
  int small = 5;
  double alpha = 0.8;
  double temperature = 1;
  std::string mode = "mean";
  std::filesystem::path path;
  Schedule weight = 0.5;
  std::vector<int64_t> sizes{1, 2};
  std::vector<std::string> names;
  Net net;
  ModelRef teacher;
  std::shared_ptr<const RowSource> rows;
  std::shared_ptr<const Callable> filter;
  Ref<Verifier> verifier;
  std::vector<Ref<Verifier>> verifiers;
  Value anything;

  static Params<Everything> params() {
    Params<Everything> p;
    p.add("flag", &Everything::flag, "");
    p.add("steps", &Everything::steps, "updates").at_least(0).unit("update");
    p.add("small", &Everything::small, "");
    p.add("alpha", &Everything::alpha, "weight of the rejected trace").range(0, 1);
    p.add("temperature", &Everything::temperature, "").above(0);
    p.add("mode", &Everything::mode, "").choices({"mean", "sum"});
    p.add("path", &Everything::path, "where it lies");
    p.add("weight", &Everything::weight, "").range(0, 1);
    p.add("sizes", &Everything::sizes, "").at_least(1);
    p.add("names", &Everything::names, "");
    p.add("net", &Everything::net, "the network");
    p.add("teacher", &Everything::teacher, "");
    p.add("rows", &Everything::rows, "");
    p.add("filter", &Everything::filter, "");
    p.add("verifier", &Everything::verifier, "");
    p.add("verifiers", &Everything::verifiers, "");
    p.add("anything", &Everything::anything, "");
    return p;
  }
};

class Named : public Object {
 public:
  explicit Named(std::string type) : type_(std::move(type)) {}
  std::string type_name() const override { return type_; }

 private:
  std::string type_;
};

class Exact : public Verifier {
 public:
  Verdict verify(const Row&, const std::string&) const override {
    return {1, VerdictState::kOk, {}};
  }
};

class Half : public Callable {
 public:
  Value call(const std::vector<Value>& arguments) const override {
    return arguments.at(0).as_number() / 2;
  }
  std::string fingerprint() const override { return "half"; }
};

Value object(const char* type) { return std::make_shared<Named>(type); }

Value::Map resolve(const Value::Map& given) {
  return Everything::params().schema().resolve_or_throw(given, "objective.test");
}

std::string problem(const Value::Map& given) {
  const Error error = error_of([&] { resolve(given); });
  EXPECT_EQ(error.code(), ErrorCode::kUsage);
  EXPECT_EQ(error.where(), "objective.test");
  return error.message();
}

TEST(Params, DefaultsComeFromTheMembers) {
  const Value::Map table = resolve({});
  EXPECT_EQ(table.at("alpha"), Value(0.8));
  EXPECT_EQ(table.at("steps"), Value(100));
  EXPECT_EQ(table.at("sizes"), Value(Value::List{1, 2}));
  EXPECT_EQ(*table.at("net").find("layers"), Value(2));
  EXPECT_EQ(table.count("teacher"), 0u);
  const Everything parsed = Everything::params().parse(table);
  EXPECT_EQ(parsed.alpha, 0.8);
  EXPECT_EQ(parsed.weight.at(3, 10), 0.5);
  EXPECT_FALSE(parsed.teacher);
}

TEST(Params, GivenValuesReachTheirMembers) {
  const auto rows = std::make_shared<MemoryRows>(std::vector<Row>{});
  const auto verifier = std::make_shared<Exact>();
  const auto instance = std::make_shared<InstanceObject>(
      "verify", std::static_pointer_cast<void>(std::static_pointer_cast<Verifier>(verifier)));
  const Everything e =
      Everything::params().parse(resolve({{"flag", true},
                                          {"steps", 2000.0},
                                          {"alpha", 1},
                                          {"path", "a/b"},
                                          {"weight", std::make_shared<Half>()},
                                          {"sizes", Value::List{3.0}},
                                          {"names", Value::Map()},  // a recipe's {}
                                          {"net", Value::Map{{"layers", 7}}},
                                          {"teacher", object("model")},
                                          {"rows", rows},
                                          {"filter", std::make_shared<Half>()},
                                          {"verifier", instance},
                                          {"verifiers", Value::List{instance, instance}},
                                          {"anything", Value::List{true}}}));
  EXPECT_TRUE(e.flag);
  EXPECT_EQ(e.steps, 2000);
  EXPECT_EQ(e.alpha, 1.0);
  EXPECT_EQ(e.path, "a/b");
  EXPECT_EQ(e.weight.at(8, 10), 4.0);
  EXPECT_EQ(e.sizes, std::vector<int64_t>{3});
  EXPECT_EQ(e.net.layers, 7);
  EXPECT_EQ(e.net.dropout, 0.1);
  EXPECT_TRUE(e.teacher);
  EXPECT_EQ(e.rows, rows);
  EXPECT_NE(e.filter, nullptr);
  EXPECT_EQ(e.verifier, verifier);
  EXPECT_EQ(e.verifiers.size(), 2u);
  EXPECT_EQ(e.anything, Value(Value::List{true}));
}

TEST(Params, UnknownKeysSayWhatWasMeant) {
  const Error error = error_of([] { resolve({{"aplha", 1}}); });
  EXPECT_EQ(std::string(error.what()).substr(0, 72),
            "objective.test: unknown key 'aplha'\n  hint: did you mean 'alpha'? valid:");
  EXPECT_EQ(problem({{"net", Value::Map{{"layres", 1}}}}), "unknown key 'net.layres'");
}

TEST(Params, TypesAreChecked) {
  EXPECT_EQ(problem({{"flag", 1}}), "'flag' must be true or false, got 1");
  EXPECT_EQ(problem({{"steps", 2000.5}}), "'steps' must be an integer, got 2000.5");
  EXPECT_EQ(problem({{"steps", 1e300}}), "'steps' must be an integer, got 1e+300");
  EXPECT_EQ(problem({{"steps", 9223372036854775808.0}}),
            "'steps' must be an integer, got 9223372036854775808");
  EXPECT_EQ(problem({{"alpha", "0.5"}}), "'alpha' must be a number, got '0.5'");
  EXPECT_EQ(problem({{"alpha", std::nan("")}}), "'alpha' must be a number, got nan");
  EXPECT_EQ(problem({{"mode", 1}}), "'mode' must be a string, got 1");
  EXPECT_EQ(problem({{"path", true}}), "'path' must be a path (a string), got true");
  EXPECT_EQ(problem({{"weight", "x"}}),
            "'weight' must be a number, a kd.schedule or a function of the step, got 'x'");
  EXPECT_EQ(problem({{"sizes", 3}}), "'sizes' must be a list of integers, got 3");
  EXPECT_EQ(problem({{"sizes", Value::List{1, 2.5}}}), "'sizes[2]' must be an integer, got 2.5");
  EXPECT_EQ(problem({{"net", 3}}), "'net' must be a table, got 3");
  EXPECT_EQ(problem({{"teacher", object("dataset")}}),
            "'teacher' must be a model (a teacher or a student), got a dataset");
  EXPECT_EQ(problem({{"rows", object("model")}}), "'rows' must be a dataset, got a model");
  EXPECT_EQ(problem({{"filter", 1}}), "'filter' must be a function, got 1");
  EXPECT_EQ(problem({{"verifier", object("metric")}}), "'verifier' must be a verify, got a metric");
  EXPECT_EQ(problem({{"verifiers", Value::List{object("verify"), object("metric")}}}),
            "'verifiers[2]' must be a verify, got a metric");
}

TEST(Params, RangesAreChecked) {
  EXPECT_EQ(problem({{"alpha", 1.5}}), "'alpha' must be in [0, 1], got 1.5");
  EXPECT_EQ(problem({{"steps", -1}}), "'steps' must be at least 0, got -1");
  EXPECT_EQ(problem({{"temperature", 0}}), "'temperature' must be above 0, got 0");
  EXPECT_EQ(problem({{"weight", 2}}), "'weight' must be in [0, 1], got 2");
  EXPECT_EQ(problem({{"sizes", Value::List{0}}}), "'sizes[1]' must be at least 1, got 0");
  EXPECT_EQ(problem({{"net", Value::Map{{"dropout", 2}}}}),
            "'net.dropout' must be in [0, 1], got 2");
  EXPECT_EQ(problem({{"small", 3000000000.0}}),
            "'small' must be in [-2147483648, 2147483647], got 3e+09");
  EXPECT_NO_THROW(resolve({{"alpha", 0}, {"temperature", 1e-9}}));
}

TEST(Params, ChoicesSayWhatWasMeant) {
  const Error error = error_of([] { resolve({{"mode", "men"}}); });
  EXPECT_STREQ(error.what(),
               "objective.test: 'mode' cannot be 'men'\n"
               "  hint: did you mean 'mean'? valid: mean, sum");
}

TEST(Params, AllProblemsAreReportedAtOnce) {
  EXPECT_EQ(problem({{"alpha", 2}, {"flag", 1}, {"steps", 0.5}}),
            "3 problems\n"
            "  - 'flag' must be true or false, got 1\n"
            "  - 'steps' must be an integer, got 0.5\n"
            "  - 'alpha' must be in [0, 1], got 2");
}

struct Needs {
  std::string name;
  Net net;
  static Params<Needs> params() {
    Params<Needs> p;
    p.add("name", &Needs::name, "what it is called").required();
    return p;
  }
};

TEST(Params, RequiredKeys) {
  const Error error = error_of([] { Needs::params().schema().resolve_or_throw({}, "data.x"); });
  EXPECT_STREQ(error.what(),
               "data.x: missing key 'name'\n  hint: name = a string: what it is called");
}

TEST(Params, ProblemsCarryTheirKeys) {
  std::vector<ParamProblem> problems;
  Everything::params().schema().resolve({{"net", Value::Map{{"dropout", 2}}}, {"x", 1}}, problems);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(problems[0].key, "x");
  EXPECT_EQ(problems[1].key, "net.dropout");
}

TEST(Params, SchemaDescribesItself) {
  EXPECT_EQ(to_json(Net::params().schema().to_value()),
            R"({"additionalProperties":false,"properties":{)"
            R"("dropout":{"default":0.1,"maximum":1.0,"minimum":0.0,"type":"number"},)"
            R"("layers":{"default":2,"description":"blocks","minimum":1.0,"type":"integer"}},)"
            R"("required":[],"type":"object"})");
}

class Ramp : public ScheduleFunction {
 public:
  double at(int64_t step, int64_t total) const override {
    return static_cast<double>(step) / static_cast<double>(total);
  }
  std::string fingerprint() const override { return "ramp"; }
};

TEST(Schedule, ComesFromNumbersFunctionsAndInstances) {
  EXPECT_EQ(Schedule::from_value(2).constant(), 2.0);
  EXPECT_EQ(Schedule::from_value(std::make_shared<Ramp>()).at(1, 4), 0.25);
  const auto instance = std::make_shared<InstanceObject>(
      "schedule", std::static_pointer_cast<void>(
                      std::static_pointer_cast<ScheduleFunction>(std::make_shared<Ramp>())));
  EXPECT_EQ(Schedule::from_value(instance).at(2, 4), 0.5);
  EXPECT_EQ(Schedule::from_value(std::make_shared<Half>()).at(3, 4), 1.5);
  EXPECT_STREQ(error_of([] { Schedule::from_value("x"); }).what(),
               "expected a number, a schedule or a function of the step, got 'x'");
}

}  // namespace
}  // namespace kd
