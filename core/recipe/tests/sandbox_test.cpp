// What recipes cannot do.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>

#include "core/recipe/tests/fakes.h"
#include "kd/error.h"

namespace kd::core::testing {
namespace {

using ::testing::HasSubstr;

TEST(Sandbox, NoWayToFilesProcessesOrTheInterpreter) {
  for (const char* name : {"io", "os", "debug", "load", "dofile", "loadfile", "loadstring",
                           "collectgarbage", "package", "coroutine", "rawset", "_G", "warn"}) {
    EXPECT_THAT(problems_of(cat("local x = ", name, "\n")),
                HasSubstr(cat("recipe.lua:1: there is no variable '", name, "'")))
        << name;
  }
  EXPECT_THAT(problems_of("local x = math.random\n"), HasSubstr("there is no math.random"));
  EXPECT_THAT(problems_of("local x = string.dump\n"), HasSubstr("there is no string.dump"));
}

TEST(Sandbox, GlobalsAreStrict) {
  EXPECT_THAT(
      problems_of("good = 1\n"),
      HasSubstr("recipe.lua:1: assignment to the global 'good'\n  hint: write 'local good = …'"));
  EXPECT_THAT(
      problems_of("\nlocal x = pirs({})\n"),
      HasSubstr("recipe.lua:2: there is no variable 'pirs'\n  hint: did you mean 'pairs'?"));
  EXPECT_THAT(problems_of("pairs = nil\n"), HasSubstr("assignment to the global 'pairs'"));
  EXPECT_THAT(problems_of("string.rep = nil\n"), HasSubstr("cannot change string.rep"));
  EXPECT_THAT(problems_of("local x = string.formatt\n"), HasSubstr("did you mean 'format'?"));
  EXPECT_THAT(problems_of("getmetatable('').__index = nil\n"),
              HasSubstr("attempt to index a boolean value"));
}

TEST(Sandbox, OnlyText) {
  EXPECT_EQ(problems_of("\x1bLua"), "recipe.lua: this is Lua bytecode; recipes are text\n");
  RecipeFolder folder("require 'm'\n");
  folder.write("m.lua", "\x1bLua");
  EXPECT_THAT(folder.problems(), HasSubstr("this is Lua bytecode"));
}

TEST(Sandbox, ModulesStayInTheirFolders) {
  EXPECT_THAT(problems_of("require '../x'\n"), HasSubstr("'../x' is no module name"));
  EXPECT_THAT(problems_of("require '/etc/passwd'\n"), HasSubstr("is no module name"));
  EXPECT_THAT(problems_of("require '..x'\n"), HasSubstr("there is no module"));
  EXPECT_THAT(problems_of("require 'kd.v2'\n"), HasSubstr("require \"kd.v1\""));
  RecipeFolder folder("");
  folder.write("outside.lua", "return 1");
  folder.write("in/recipe.lua", "require 'link'\n");
  std::filesystem::create_symlink("../outside.lua", folder.path() / "in/link.lua");
  folder.options.path = "in/recipe.lua";
  EXPECT_THAT(folder.problems(), HasSubstr("module 'link' lies outside"));
  RecipeFolder cycle("require 'a'\n");
  cycle.write("a.lua", "require 'b'");
  cycle.write("b.lua", "require 'a'");
  EXPECT_THAT(cycle.problems(), HasSubstr("module 'a' requires itself"));
}

TEST(Sandbox, OrderIsSorted) {
  const auto order = shown(R"lua(local kd = require "kd.v1"
local out, t = {}, { b = 1, a = 2, [10] = 3, [9.5] = 4, c = 5, [2] = 6 }
for k in pairs(t) do out[#out + 1] = tostring(k) end
for k, v in next, t do out[#out + 1] = v end
for k in pairs(t) do t[k] = nil end
out[#out + 1] = next(t) == nil
kd.show "x" { value = out }
)lua")
                         .at("value");
  EXPECT_EQ(order, Value(Value::List{"2", "9.5", "10", "a", "b", "c", 6, 4, 3, 2, 1, 5, true}));
  EXPECT_THAT(problems_of("for k in pairs { [{}] = 1 } do end\n"),
              HasSubstr("keys that are a table have no order"));
}

TEST(Sandbox, TextsHoldNoAddresses) {
  const auto value = shown(R"lua(local kd = require "kd.v1"
kd.show "x" { value = { tostring({}), tostring(print), string.format("%s|%d", {}, 3), ("%s"):format(pairs) } }
)lua")
                         .at("value");
  EXPECT_EQ(value, Value(Value::List{"table", "function", "table|3", "function"}));
  EXPECT_THAT(problems_of("local x = ('%5p'):format({})\n"), HasSubstr("'%p'"));
  EXPECT_EQ(problems_of("local x = ('100%% p'):format()\n"), "");
}

TEST(Sandbox, FinalisersAreRefused) {
  for (const char* field : {"__gc", "__mode", "__close"}) {
    EXPECT_THAT(problems_of(cat("setmetatable({}, { ", field, " = 'k' })\n")), HasSubstr(field));
  }
}

TEST(Sandbox, DeepNestingIsAnError) {
  EXPECT_THAT(problems_of("local x = " + std::string(10'000, '(') + "1" + std::string(10'000, ')')),
              HasSubstr("recipe.lua: C stack overflow"));
  EXPECT_THAT(problems_of("local function f() return 1 + f() end\nf()\n"),
              HasSubstr("stack overflow"));
  EXPECT_THAT(problems_of("local s = string.rep('(', 300)\nlocal x = ('a'):find(s)\n"),
              HasSubstr("recipe.lua:2: "));
}

TEST(Sandbox, MemoryIsBounded) {
  RecipeFolder folder("local t = {}\nfor i = 1, 1e9 do t[i] = ('x'):rep(1e6) .. i end\n");
  folder.options.memory_limit = 64U << 20U;
  EXPECT_THAT(folder.problems(), HasSubstr("the recipe needs more than 64 MiB of memory"));
  RecipeFolder bomb("local ok, text = pcall(string.rep, 'x', (1 << 31) - 1)\nerror(text)\n");
  EXPECT_THAT(bomb.problems(), HasSubstr("not enough memory"));
}

TEST(Sandbox, EndlessLoopsEnd) {
  const auto begin = std::chrono::steady_clock::now();
  RecipeFolder folder(
      "local n = 0\nwhile true do\n  pcall(function() while true do n = n + 1 end end)\nend\n");
  folder.options.plan_timeout = std::chrono::milliseconds(200);
  const std::string text = folder.problems();
  EXPECT_THAT(text, HasSubstr("recipe.lua:3: planning took longer than 0.2 s"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(3));
}

TEST(Sandbox, EndlessLoopsThroughTheHostEnd) {
  RecipeFolder folder(
      "local kd = require 'kd.v1'\nwhile true do\n  local x = kd.objective.redi {}\nend\n");
  folder.options.plan_timeout = std::chrono::milliseconds(200);
  EXPECT_THAT(folder.problems(), HasSubstr("planning took longer than 0.2 s"));
}

TEST(Sandbox, TimeOfTheHostDoesNotCount) {
  RecipeFolder folder("local kd = require 'kd.v1'\nkd.evaluate 'slow' {}\n");
  folder.options.plan_timeout = std::chrono::milliseconds(100);
  folder.host.on_call = [](const StageCall&, Pass) {
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  };
  EXPECT_EQ(folder.problems(), "");
}

TEST(Sandbox, TimeOfFunctionsThatTheHostCallsCounts) {
  RecipeFolder folder(
      "local kd = require 'kd.v1'\nkd.show 'x' { f = function()\n  while true do end\nend }\n");
  folder.options.plan_timeout = std::chrono::milliseconds(200);
  folder.host.on_call = [](const StageCall& call, Pass) {
    held<Callable>(call.options.at("f"))->call({});
  };
  EXPECT_THAT(folder.problems(), HasSubstr("recipe.lua:3: planning took longer than 0.2 s"));
}

TEST(SandboxDeathTest, ALibraryCallThatHangsEndsTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_EXIT(
      {
        RecipeFolder folder(
            "local a = ('a'):rep(28)\nlocal b = ('a?'):rep(28) .. a\nlocal c = (a):find(b)\n");
        folder.options.plan_timeout = std::chrono::milliseconds(200);
        folder.plan();
      },
      ::testing::ExitedWithCode(2),
      "recipe.lua:3: planning took longer than 0.2 s inside a library call");
}

TEST(Sandbox, ErrorsOfAnyKindAreTold) {
  EXPECT_EQ(problems_of("\nerror('stop here')\n"), "recipe.lua:2: stop here\n");
  EXPECT_EQ(problems_of("error({})\n"), "recipe.lua:1: error was called with a table\n");
  EXPECT_THAT(
      problems_of("local function f()\n  error('deep')\nend\nlocal function g() f() end\ng()\n"),
      HasSubstr("recipe.lua:2: deep\n  called from recipe.lua:4\n  called from recipe.lua:5"));
  EXPECT_THAT(problems_of("local x = = 1\n"),
              HasSubstr("recipe.lua:1: unexpected symbol near '='"));
}

}  // namespace
}  // namespace kd::core::testing
