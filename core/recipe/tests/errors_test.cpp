// tests/recipe_errors: a recipe in, the exact messages out. KD_UPDATE_EXPECTED=1 writes the texts
// anew, for review in the diff.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "core/recipe/tests/fakes.h"
#include "kd/safetensors.h"

namespace kd::core::testing {
namespace {

namespace fs = std::filesystem;

fs::path cases_folder() {
  const char* source = std::getenv("KD_SOURCE_DIR");
  return fs::path(source ? source : ".") / "tests" / "recipe_errors";
}

class RecipeErrors : public ::testing::TestWithParam<std::string> {};

TEST_P(RecipeErrors, AreTheExpectedText) {
  const fs::path before = fs::current_path();
  fs::current_path(cases_folder());
  RecipeOptions options;
  options.path = GetParam() + ".lua";
  FakeCatalog catalog;
  FakeHost host;
  const std::string actual = texts(plan_recipe(options, catalog, host).problems);
  // Every interpreter has another seed for its tables: the order must not show it.
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(actual, texts(plan_recipe(options, catalog, host).problems));
  }
  if (std::getenv("KD_UPDATE_EXPECTED")) std::ofstream(GetParam() + ".txt") << actual;
  const std::string expected = read_text_file(GetParam() + ".txt");
  fs::current_path(before);
  EXPECT_EQ(actual, expected);
  EXPECT_FALSE(actual.empty()) << "this recipe is here for its errors";
}

std::vector<std::string> case_names() {
  std::vector<std::string> names;
  if (!fs::exists(cases_folder())) return names;
  for (const auto& entry : fs::directory_iterator(cases_folder())) {
    if (entry.path().extension() == ".lua") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

INSTANTIATE_TEST_SUITE_P(Texts, RecipeErrors, ::testing::ValuesIn(case_names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace kd::core::testing
