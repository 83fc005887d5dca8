#include "kd/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>
#include <vector>

#include "kd/safetensors.h"
#include "sdk/tests/expect_error.h"

namespace kd {
namespace {

TEST(Log, FileGetsEverythingAndTheTerminalItsLevel) {
  const auto path = std::filesystem::temp_directory_path() / cat("kd_log_", getpid());
  testing::internal::CaptureStderr();
  configure_log(LogLevel::kWarning, path.string());
  log_debug("first {} %s");
  log_warning("second");
  configure_log(LogLevel::kInfo);
  const std::string terminal = testing::internal::GetCapturedStderr();
  const std::string file = read_text_file(path);
  std::filesystem::remove(path);
  EXPECT_NE(file.find("debug first {} %s\n"), std::string::npos);
  EXPECT_NE(file.find("warning second\n"), std::string::npos);
  EXPECT_EQ(terminal.find("first"), std::string::npos);
  EXPECT_NE(terminal.find("warning second\n"), std::string::npos);
}

TEST(Log, LinesOfThreadsDoNotMix) {
  const auto path = std::filesystem::temp_directory_path() / cat("kd_log_threads_", getpid());
  configure_log(LogLevel::kError, path.string());
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([] {
      for (int i = 0; i < 200; ++i) log_info(std::string(100, 'x'));
    });
  }
  for (auto& thread : threads) thread.join();
  configure_log(LogLevel::kInfo);
  const std::string file = read_text_file(path);
  std::filesystem::remove(path);
  size_t lines = 0;
  for (size_t at = 0; (at = file.find(" info " + std::string(100, 'x') + "\n", at)) != file.npos;) {
    ++lines;
    ++at;
  }
  EXPECT_EQ(lines, 800u);
}

TEST(Log, FilesThatCannotBeOpenedAreErrors) {
  const Error error = test::error_of([] { configure_log(LogLevel::kInfo, "/proc/no/such.log"); });
  EXPECT_EQ(error.code(), ErrorCode::kDisk);
}

}  // namespace
}  // namespace kd
