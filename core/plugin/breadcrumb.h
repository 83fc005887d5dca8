// Says which plugin was at work when the process crashes.
#pragma once

#include <string_view>

namespace kd::core {

// While one lives, a crash in this thread is reported with its text. `text` must outlive it. No
// allocation and no lock: cheap enough for every call into a plugin. [any]
class Breadcrumb {
 public:
  explicit Breadcrumb(std::string_view text) noexcept;
  ~Breadcrumb();
  Breadcrumb(const Breadcrumb&) = delete;
  Breadcrumb& operator=(const Breadcrumb&) = delete;

  std::string_view text() const { return text_; }
  const Breadcrumb* outer() const { return outer_; }
  // The innermost one of this thread, or null.
  static const Breadcrumb* current() noexcept;

 private:
  std::string_view text_;
  const Breadcrumb* outer_;
};

// From now on SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT write the breadcrumbs to stderr, then
// end the process as they would have. [main]
void install_crash_handler();

}  // namespace kd::core
