#include "core/plugin/check.h"

#include "core/plugin/child_process.h"
#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

using namespace std::chrono_literals;
using fault::fault_library;

class Check : public fault::PluginFolderTest {};

TEST_F(Check, GoodPluginsPassByAnyOfTheirPaths) {
  const auto library = add_well_behaved();
  for (const auto& path : {library, library.parent_path(), library.parent_path() / "plugin.toml"}) {
    const PluginCheck check = check_plugin(path);
    EXPECT_TRUE(check.ok) << check.problem;
    EXPECT_EQ(to_text(check),
              "plugin well_behaved 1.2.3: ok, brings verify.exact, verify.threshold\n");
  }
}

TEST_F(Check, ThePluginTomlBesideItIsCompared) {
  EXPECT_NE(check_plugin(add("well_behaved", "1.2.3", {"exact"})).problem.find("not announced"),
            std::string::npos);
}

TEST_F(Check, SurvivesAbort) {
  const PluginCheck check = check_plugin(fault_library("aborts_in_register"));
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(
      to_text(check),
      "plugin aborts_in_register 0.1.0: FAILED\n"
      "loading and registering it in a process of its own: the process was ended by SIGABRT\n"
      "kd: the program crashed (SIGABRT) in registration of plugin aborts_in_register 0.1.0\n");
}

TEST_F(Check, SurvivesASegmentationFault) {
  const PluginCheck check = check_plugin(fault_library("crashes_in_register"));
  EXPECT_FALSE(check.ok);
  EXPECT_NE(check.problem.find("ended by SIGSEGV"), std::string::npos) << check.problem;
}

TEST_F(Check, SurvivesAThrowingInitialiser) {
  const PluginCheck check = check_plugin(fault_library("throwing_initialiser"));
  EXPECT_FALSE(check.ok);
  EXPECT_NE(check.problem.find("thrown before anybody could catch it"), std::string::npos);
  EXPECT_NE(check.problem.find("in loading plugin throwing_initialiser 0.1.0 from "),
            std::string::npos)
      << check.problem;
}

TEST_F(Check, OtherFaultsAreToldAsWhenLoading) {
  EXPECT_NE(check_plugin(fault_library("no_tag")).problem.find("no section kdabi"),
            std::string::npos);
  EXPECT_NE(check_plugin(fault_library("throws_in_register")).problem.find("no table of words"),
            std::string::npos);
  EXPECT_NE(check_plugin(root_ / "none.so").problem.find("No such file"), std::string::npos);
  EXPECT_NE(check_plugin(root_).problem.find("plugin.toml: cannot be read"), std::string::npos);
}

TEST(ChildProcess, BringsBackResultsAndDeaths) {
  const std::string large(1 << 20, 'x');  // more than a pipe holds
  EXPECT_EQ(run_in_child([&] { return large; }, 10s).returned, large);
  const ChildResult thrown =
      run_in_child([]() -> std::string { throw std::runtime_error("why"); }, 10s);
  EXPECT_FALSE(thrown.finished);
  EXPECT_EQ(thrown.death, "exited with code 1");
  EXPECT_EQ(thrown.messages, "why");
  const ChildResult slow = run_in_child(
      []() -> std::string {
        for (;;) ::pause();
      },
      1s);
  EXPECT_FALSE(slow.finished);
  EXPECT_EQ(slow.death, "took longer than 1 s");
}

}  // namespace
}  // namespace kd::core
