// The only unit that uses spdlog. It must not see LibTorch's headers, which carry another fmt.
#include "kd/log.h"

#include <spdlog/logger.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "kd/error.h"

namespace kd {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return spdlog::level::debug;
    case LogLevel::kInfo:
      return spdlog::level::info;
    case LogLevel::kWarning:
      return spdlog::level::warn;
    case LogLevel::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

std::shared_ptr<spdlog::logger> make_logger(LogLevel terminal_level, std::string_view file_path) {
  auto terminal = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  terminal->set_level(to_spdlog(terminal_level));
  terminal->set_pattern("%H:%M:%S %^%l%$ %v");
  auto logger = std::make_shared<spdlog::logger>("kd", std::move(terminal));
  logger->set_level(spdlog::level::debug);
  logger->flush_on(spdlog::level::debug);
  if (file_path.empty()) return logger;
  try {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(std::string(file_path));
    file->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    logger->sinks().push_back(std::move(file));
  } catch (const spdlog::spdlog_ex& error) {
    throw Error(ErrorCode::kDisk, cat("cannot open the log file: ", error.what()));
  }
  return logger;
}

// The host's log is one for the process. It is never destroyed, so that whatever runs during exit
// can still write.
struct Log {
  std::mutex mutex;
  std::shared_ptr<spdlog::logger> logger = make_logger(LogLevel::kInfo, {});
};

Log& host_log() {
  static Log* const log = new Log();
  return *log;
}

}  // namespace

void log(LogLevel level, std::string_view message) {
  Log& host = host_log();
  std::shared_ptr<spdlog::logger> logger;
  {
    const std::lock_guard lock(host.mutex);
    logger = host.logger;
  }
  logger->log(to_spdlog(level), spdlog::string_view_t(message.data(), message.size()));
}

void configure_log(LogLevel terminal_level, std::string_view file_path) {
  auto logger = make_logger(terminal_level, file_path);
  Log& host = host_log();
  const std::lock_guard lock(host.mutex);
  host.logger = std::move(logger);
}

}  // namespace kd
