// Logging for host and plugins. The sink (terminal, log.txt) belongs to the host.
#pragma once

#include <string_view>

namespace kd {

enum class LogLevel { kDebug, kInfo, kWarning, kError };

// Writes one line to the host's log. Thread-safe. [any]
void log(LogLevel level, std::string_view message);

inline void log_debug(std::string_view message) { log(LogLevel::kDebug, message); }
inline void log_info(std::string_view message) { log(LogLevel::kInfo, message); }
inline void log_warning(std::string_view message) { log(LogLevel::kWarning, message); }
inline void log_error(std::string_view message) { log(LogLevel::kError, message); }

// Host only: the least level shown on the terminal, and an optional file that gets everything.
void configure_log(LogLevel terminal_level, std::string_view file_path = {});

}  // namespace kd
