#include "core/pipeline/run_directory.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/pipeline/hash.h"
#include "kd/error.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

class RunDirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    root_ = fs::temp_directory_path() / ("kd_run_" + std::to_string(::getpid()));
    fs::remove_all(root_);
  }
  void TearDown() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(RunDirectoryTest, TakesUpItsOwnFolderAndRefusesOthers) {
  RunDirectory::open(root_ / "mine");
  RunDirectory::open(root_ / "mine");
  fs::create_directories(root_ / "empty");
  RunDirectory::open(root_ / "empty");
  fs::create_directories(root_ / "foreign");
  std::ofstream(root_ / "foreign" / "thesis.txt") << "do not touch";
  EXPECT_THROW(RunDirectory::open(root_ / "foreign"), Error);
  EXPECT_FALSE(fs::exists(root_ / "foreign" / "kdrun.json"));
}

TEST_F(RunDirectoryTest, StageNamesStayInsideTheRun) {
  for (const char* good : {"sft", "sft/1", "arm-2.b_c"}) {
    EXPECT_NO_THROW(RunDirectory::check_stage_name(good)) << good;
  }
  for (const char* bad : {"", "..", "a/../b", "/a", "a//b", "a b", "a\n", "a/"}) {
    EXPECT_THROW(RunDirectory::check_stage_name(bad), Error) << bad;
  }
}

TEST_F(RunDirectoryTest, MetricsAreAppended) {
  const RunDirectory run = RunDirectory::open(root_);
  run.append_metric({{"step", 1}});
  run.append_metric({{"step", 2}});
  std::ifstream in(root_ / "metrics.jsonl");
  std::string first, second, third;
  std::getline(in, first);
  std::getline(in, second);
  EXPECT_EQ(first, R"({"step":1})");
  EXPECT_EQ(second, R"({"step":2})");
  EXPECT_FALSE(std::getline(in, third));
}

TEST(DefaultRunDirectory, DependsOnRecipeAndArguments) {
  const auto one = default_run_directory("recipes/redi.lua", {{"alpha", 0.8}});
  EXPECT_EQ(one, default_run_directory("recipes/redi.lua", {{"alpha", 0.8}}));
  EXPECT_NE(one, default_run_directory("recipes/redi.lua", {{"alpha", 0.5}}));
  EXPECT_NE(one, default_run_directory("other/redi.lua", {{"alpha", 0.8}}));
}

TEST(Hash, MatchesPublishedDigests) {
  EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace kd::core
