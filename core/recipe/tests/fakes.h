// A small catalog and a host that only records, for tests of the recipe language.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/plugin/registry.h"
#include "core/recipe/run.h"

namespace kd::core::testing {

class FakeCatalog : public ComponentCatalog {
 public:
  FakeCatalog();
  const ComponentInfo* find(const std::string& kind, const std::string& name) override;
  std::vector<std::string> names(const std::string& kind) const override;
  std::vector<std::string> kinds() const override;
  std::shared_ptr<void> create(const std::string& kind, const std::string& name,
                               const Value::Map& params, const CreateContext& context) override;

 private:
  std::map<std::string, std::map<std::string, ComponentInfo>> components_;
};

class FakeHost : public StageHost {
 public:
  FakeHost();
  const std::vector<StageType>& stage_types() const override { return types_; }
  StageResult call(const StageCall& call, Pass pass) override;
  void check_component(const ComponentHandle& component) override;

  std::vector<std::pair<StageCall, Pass>> calls;
  std::function<void(const StageCall&, Pass)> on_call;  // may throw
  std::map<std::string, Value::Map> finished;           // results by stage, known in the plan pass

 private:
  std::vector<StageType> types_;
};

// A folder with a recipe in it, removed at the end; the working directory meanwhile, so that
// messages call the recipe recipe.lua.
class RecipeFolder {
 public:
  explicit RecipeFolder(const std::string& recipe);
  ~RecipeFolder();
  RecipeFolder(const RecipeFolder&) = delete;
  RecipeFolder& operator=(const RecipeFolder&) = delete;

  void write(const std::string& name, const std::string& text) const;
  const std::filesystem::path& path() const { return folder_; }

  PlanReport plan();
  void run();
  // All problems of the plan pass as one text.
  std::string problems();

  RecipeOptions options;
  FakeCatalog catalog;
  FakeHost host;

 private:
  std::filesystem::path before_;
  std::filesystem::path folder_;
};

// The object in a value; the test fails when it is another.
template <typename T>
std::shared_ptr<const T> held(const Value& value) {
  auto object = value.object_as<T>();
  if (!object) throw std::runtime_error("not that object: " + value.preview());
  return object;
}

// The problems of a recipe, each with its hint, separated by newlines.
std::string problems_of(const std::string& recipe);
// What the recipe gives to the stage `show "x" { … }` of the fake host.
Value::Map shown(const std::string& recipe);
std::string texts(const std::vector<Problem>& problems);

}  // namespace kd::core::testing
