#include "core/report/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <sstream>

namespace kd::core {
namespace {

constexpr double kTerminalInterval = 0.1;  // seconds
constexpr double kPlainInterval = 5.0;

std::string format_number(double value) {
  char text[32];
  const double size = std::abs(value);
  const bool scientific = size != 0 && (size < 1e-3 || size >= 1e5);
  std::snprintf(text, sizeof text, scientific ? "%.2e" : "%.4g", value);
  return text;
}

}  // namespace

std::string format_duration(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0) return "-:--";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  char text[32];
  if (whole >= 3600) {
    std::snprintf(text, sizeof text, "%ld:%02ld:%02ld", static_cast<long>(whole / 3600),
                  static_cast<long>(whole / 60 % 60), static_cast<long>(whole % 60));
  } else {
    std::snprintf(text, sizeof text, "%ld:%02ld", static_cast<long>(whole / 60),
                  static_cast<long>(whole % 60));
  }
  return text;
}

std::string format_count(double count) {
  char text[32];
  if (count >= 1e6) {
    std::snprintf(text, sizeof text, "%.1fM", count / 1e6);
  } else if (count >= 1e3) {
    std::snprintf(text, sizeof text, "%.1fk", count / 1e3);
  } else {
    std::snprintf(text, sizeof text, "%.0f", count);
  }
  return text;
}

double resident_mib() {
  std::ifstream statm("/proc/self/statm");
  int64_t pages_total = 0;
  int64_t pages_resident = 0;
  statm >> pages_total >> pages_resident;
  return static_cast<double>(pages_resident) * static_cast<double>(sysconf(_SC_PAGESIZE)) /
         (1024.0 * 1024.0);
}

Progress::Progress(std::string label, int64_t total, std::string unit)
    : label_(std::move(label)),
      total_(total),
      unit_(std::move(unit)),
      terminal_(isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      shown_(start_) {}

Progress::~Progress() {
  if (open_) std::fputc('\n', stderr);
}

double Progress::seconds() const {
  return std::chrono::duration<double>(Clock::now() - start_).count();
}

bool Progress::due() const {
  const double since = std::chrono::duration<double>(Clock::now() - shown_).count();
  return since >= (terminal_ ? kTerminalInterval : kPlainInterval);
}

std::string Progress::line(int64_t done, double amount,
                           const std::vector<std::pair<std::string, double>>& values) const {
  const double elapsed = std::max(seconds(), 1e-9);
  const double fraction =
      total_ > 0 ? static_cast<double>(done) / static_cast<double>(total_) : 0.0;
  std::ostringstream out;
  if (terminal_ && total_ > 0) {
    constexpr int kWidth = 20;
    const int filled = static_cast<int>(std::lround(kWidth * std::min(fraction, 1.0)));
    out << '[' << std::string(static_cast<size_t>(filled), '=')
        << std::string(static_cast<size_t>(kWidth - filled), ' ') << "] ";
  }
  out << label_ << "  " << done << '/' << total_;
  for (const auto& [name, value] : values) out << "  " << name << ' ' << format_number(value);
  out << "  " << format_count(amount / elapsed) << ' ' << unit_ << "/s  "
      << static_cast<int64_t>(resident_mib()) << " MiB";
  if (done > 0 && fraction < 1) {
    out << "  ETA " << format_duration(elapsed * (1 - fraction) / fraction);
  }
  return out.str();
}

void Progress::clear_line() const { std::fputs("\r\x1b[2K", stderr); }

void Progress::update(int64_t done, double amount,
                      const std::vector<std::pair<std::string, double>>& values) {
  if (!due()) return;
  shown_ = Clock::now();
  const std::string text = line(done, amount, values);
  if (terminal_) {
    clear_line();
    std::fputs(text.c_str(), stderr);
    open_ = true;
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

void Progress::finish(const std::string& summary) {
  if (open_) clear_line();
  open_ = false;
  std::fprintf(stderr, "%s  %s  (%s)\n", label_.c_str(), summary.c_str(),
               format_duration(seconds()).c_str());
  std::fflush(stderr);
}

}  // namespace kd::core
