// Progress of long work: a bar on a terminal, plain lines otherwise.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace kd::core {

// Shows "sft  120/400  loss 0.412  23.1k tokens/s  310 MiB  ETA 0:12". Writes to stderr, at most
// ten times a second on a terminal and every few seconds elsewhere. [main]
class Progress {
 public:
  // `unit` names what `amount` counts: "tokens", "rows".
  Progress(std::string label, int64_t total, std::string unit);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  // `done` of `total` steps, `amount` units so far; `values` are shown in order.
  void update(int64_t done, double amount,
              const std::vector<std::pair<std::string, double>>& values = {});
  // Whether update() would print now: lets callers avoid computing values that nobody sees.
  bool due() const;
  // The last line, kept on the screen.
  void finish(const std::string& summary);

  double seconds() const;

 private:
  std::string line(int64_t done, double amount,
                   const std::vector<std::pair<std::string, double>>& values) const;
  void clear_line() const;

  using Clock = std::chrono::steady_clock;
  std::string label_;
  int64_t total_;
  std::string unit_;
  bool terminal_;
  bool open_ = false;  // a bar is on the terminal's last line
  Clock::time_point start_;
  Clock::time_point shown_;
};

// "1:02:03", "0:12".
std::string format_duration(double seconds);
// "950", "23.1k", "1.2M".
std::string format_count(double count);
// Resident memory of this process in MiB.
double resident_mib();

}  // namespace kd::core
