#include "kd/module.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/equal.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/zeros.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kd/error.h"

namespace kd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// y = x + bias; counts how often it ran.
class Shift : public Module {
 public:
  explicit Shift(double by) : bias_(at::full({1}, by)) { add_parameter("bias", bias_); }
  at::Tensor operator()(const at::Tensor& x, ForwardContext& context) const {
    return tap(context, [&] {
      ++runs;
      return tap(context, "sum", [&] { return x + bias_; });
    });
  }
  void offer_sum() { add_tap("sum"); }
  mutable int runs = 0;

 private:
  at::Tensor bias_;
};

// One link of the chain: two shifts inside, with a residual, so no place to start at.
class Link : public Module {
 public:
  Link() {
    add_child("a", a);
    add_child("b", b);
    b.offer_sum();
  }
  at::Tensor operator()(const at::Tensor& x, ForwardContext& context) const {
    return tap(context, [&] { return x + b(a(x, context), context); });
  }
  Shift a{1};
  Shift b{2};
};

class Chain : public Module {
 public:
  Chain() {
    declare_chain();
    add_child("first", first);
    add_child("second", second);
    add_child("last", last);
  }
  at::Tensor operator()(const at::Tensor& x, ForwardContext& context) const {
    return last(second(first(x, context), context), context);
  }
  Link first;
  Link second;
  Shift last{10};
};

at::Tensor scalar(double value) { return at::full({1}, value); }

// The chain's value for x = 0, undefined where the taps stop it.
at::Tensor run(const Chain& chain, TapTable& taps) {
  chain.check_taps(taps);
  ForwardContext context{.taps = &taps};
  at::Tensor out;
  taps.run([&] { out = chain(scalar(0), context); });
  return out;
}

template <typename Call>
std::string error_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

TEST(Module, NamesParametersByPath) {
  const Chain chain;
  std::vector<std::string> names;
  for (const NamedTensor& parameter : chain.named_parameters()) names.push_back(parameter.name);
  EXPECT_THAT(names, ElementsAre("first.a.bias", "first.b.bias", "second.a.bias", "second.b.bias",
                                 "last.bias"));
  EXPECT_EQ(chain.parameter_count(), 5);
  EXPECT_EQ(chain.second.b.path(), "second.b");
}

TEST(Module, ListsWhatCanBeTapped) {
  const Chain chain;
  EXPECT_THAT(chain.first.tap_paths(), ElementsAre("first", "first.a", "first.b", "first.b.sum"));
  EXPECT_THAT(chain.start_paths(), ElementsAre("first", "second", "last"));
}

TEST(Module, RunsWithoutTaps) {
  const Chain chain;
  ForwardContext context;
  // 0 -> 0+3 -> 3+(3+3) -> 9+10
  EXPECT_EQ(chain(scalar(0), context).item<double>(), 19);
}

TEST(Module, ShowsObservedValues) {
  const Chain chain;
  TapTable taps;
  taps.observe = {"first", "second.a", "second.b.sum"};
  EXPECT_EQ(run(chain, taps).item<double>(), 19);
  EXPECT_EQ(taps.seen().size(), 3U);
  EXPECT_EQ(taps.seen().at("first").item<double>(), 3);
  EXPECT_EQ(taps.seen().at("second.a").item<double>(), 4);
  EXPECT_EQ(taps.seen().at("second.b.sum").item<double>(), 6);
}

TEST(Module, ReplacesWithoutRunning) {
  const Chain chain;
  TapTable taps;
  taps.replace = {{"first", scalar(100)}, {"second.b.sum", scalar(7)}};
  taps.observe = {"first", "second.b"};
  EXPECT_EQ(run(chain, taps).item<double>(), 117);
  EXPECT_EQ(chain.first.a.runs, 0);
  EXPECT_EQ(chain.second.a.runs, 1);
  EXPECT_EQ(taps.seen().at("first").item<double>(), 100);
  EXPECT_EQ(taps.seen().at("second.b").item<double>(), 7);
}

TEST(Module, StartsInTheMiddle) {
  const Chain chain;
  TapTable taps;
  taps.start_at = "second";
  taps.replace = {{"second", scalar(50)}};
  EXPECT_EQ(run(chain, taps).item<double>(), 60);
  EXPECT_EQ(chain.first.a.runs + chain.second.a.runs, 0);
  EXPECT_EQ(chain.last.runs, 1);
}

TEST(Module, StopsInsideABlock) {
  const Chain chain;
  TapTable taps;
  taps.stop_at = "second.a";
  taps.observe = {"second.a"};
  EXPECT_FALSE(run(chain, taps).defined());
  EXPECT_EQ(taps.seen().at("second.a").item<double>(), 4);
  EXPECT_EQ(chain.second.b.runs + chain.last.runs, 0);
  EXPECT_EQ(chain.second.a.runs, 1);
}

TEST(Module, NamesWhatIsWrongWithTaps) {
  const Chain chain;
  TapTable unknown;
  unknown.observe = {"secnd.a"};
  EXPECT_THAT(error_of([&] { run(chain, unknown); }), HasSubstr("second.a"));

  TapTable inside;
  inside.start_at = "second.b";
  inside.replace = {{"second.b", scalar(1)}};
  EXPECT_THAT(error_of([&] { run(chain, inside); }), HasSubstr("cannot start at 'second.b'"));

  TapTable empty;
  empty.start_at = "second";
  EXPECT_THAT(error_of([&] { run(chain, empty); }), HasSubstr("needs its value"));

  TapTable late;
  late.observe = {"first", "last"};
  late.stop_at = "second";
  EXPECT_THAT(error_of([&] { run(chain, late); }), HasSubstr("does not compute last"));
}

TEST(Module, SwitchesGradientsAndConvertsInPlace) {
  Chain chain;
  const at::Tensor held = chain.named_parameters().front().tensor;
  chain.set_requires_grad(true);
  EXPECT_TRUE(held.requires_grad());
  chain.to(c10::kCPU, at::kDouble);
  EXPECT_EQ(held.scalar_type(), at::kDouble);
  EXPECT_EQ(held.item<double>(), 1);
  chain.set_requires_grad(false);
  EXPECT_FALSE(held.requires_grad());
}

TEST(LoadTensors, CopiesAndConverts) {
  const std::vector<NamedTensor> parameters{{"w", at::zeros({2}).set_requires_grad(true), true}};
  load_tensors(parameters, {{"w", at::full({2}, 0.5, at::kBFloat16)}}, "file");
  EXPECT_TRUE(at::equal(parameters[0].tensor, at::full({2}, 0.5)));
  EXPECT_TRUE(parameters[0].tensor.requires_grad());
}

TEST(LoadTensors, NamesEverythingThatDoesNotFitAndCopiesNothing) {
  const std::vector<NamedTensor> parameters{
      {"a", at::zeros({2}), true}, {"b", at::zeros({2}), true}, {"c", at::zeros({2}), true}};
  const TensorMap tensors{
      {"a", at::ones({2})}, {"c", at::ones({3})}, {"d", at::ones({1})}, {"fine", at::ones({1})}};
  const std::string text = error_of([&] {
    load_tensors(parameters, tensors, "the folder",
                 [](std::string_view name) { return name == "fine"; });
  });
  EXPECT_THAT(text, HasSubstr("the folder"));
  EXPECT_THAT(text, HasSubstr("1 missing: b"));
  EXPECT_THAT(text, HasSubstr("1 extra: d"));
  EXPECT_THAT(text, HasSubstr("1 misshaped: c is float32 [3] and should be float32 [2]"));
  EXPECT_EQ(parameters[0].tensor.sum().item<double>(), 0);
}

}  // namespace
}  // namespace kd
