#include <csignal>
#include <thread>

#include "core/plugin/breadcrumb.h"
#include "core/plugin/guard.h"
#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

TEST(CrashDeathTest, TheBreadcrumbsAreWritten) {
  EXPECT_EXIT(
      {
        install_crash_handler();
        guarded("stage sft, step 12",
                [] { guarded("plugin redi 0.1.0, objective.redi", [] { std::abort(); }); });
      },
      testing::KilledBySignal(SIGABRT),
      "kd: the program crashed \\(SIGABRT\\) in plugin redi 0.1.0, objective.redi\n"
      "  called from stage sft, step 12\n");
}

TEST(CrashDeathTest, WithoutBreadcrumbsNobodyIsBlamed) {
  EXPECT_EXIT(
      {
        install_crash_handler();
        guarded("plugin redi 0.1.0, objective.redi", [] {});
        std::abort();
      },
      testing::KilledBySignal(SIGABRT), "kd: the program crashed \\(SIGABRT\\)\n");
}

#if !defined(__SANITIZE_ADDRESS__)
int overflow(volatile int* depth) {
  volatile char frame[4096] = {};
  *depth = *depth + 1;
  if (*depth < 0) return 0;  // never: the stack is smaller
  return overflow(depth) + frame[*depth % 4096];
}

TEST(CrashDeathTest, StackOverflowsToo) {
  EXPECT_EXIT(
      {
        install_crash_handler();
        const Breadcrumb breadcrumb("deep recursion");
        volatile int depth = 0;
        overflow(&depth);
      },
      testing::KilledBySignal(SIGSEGV), "crashed \\(SIGSEGV\\) in deep recursion");
}
#endif

TEST(Breadcrumb, BelongsToItsThreadAndScope) {
  const Breadcrumb outer("outer");
  std::thread([] { EXPECT_EQ(Breadcrumb::current(), nullptr); }).join();
  try {
    const Breadcrumb inner("inner");
    EXPECT_EQ(Breadcrumb::current()->text(), "inner");
    throw 1;
  } catch (int) {
    EXPECT_EQ(Breadcrumb::current(), &outer);
  }
}

TEST(Guard, KeepsResultsAndReferences) {
  int value = 3;
  int& same = guarded("x", [&]() -> int& { return value; });
  EXPECT_EQ(&same, &value);
}

}  // namespace
}  // namespace kd::core
