#include "core/plugin/breadcrumb.h"

#include <signal.h>
#include <unistd.h>

#include <array>
#include <string_view>

namespace kd::core {
namespace {

thread_local const Breadcrumb* current_breadcrumb = nullptr;

struct CrashSignal {
  int number;
  std::string_view name;
};

// AddressSanitizer explains bad accesses better than we do, so those signals are left to it.
#if defined(__SANITIZE_ADDRESS__)
constexpr std::array<CrashSignal, 1> kCrashSignals{{{SIGABRT, "SIGABRT"}}};
#else
constexpr std::array<CrashSignal, 5> kCrashSignals{{{SIGSEGV, "SIGSEGV"},
                                                    {SIGBUS, "SIGBUS"},
                                                    {SIGILL, "SIGILL"},
                                                    {SIGFPE, "SIGFPE"},
                                                    {SIGABRT, "SIGABRT"}}};
#endif

// write(2) is async-signal-safe; a failure to report cannot be reported.
void put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
    if (written <= 0) return;
    text.remove_prefix(static_cast<size_t>(written));
  }
}

std::string_view signal_name(int number) {
  for (const auto& known : kCrashSignals) {
    if (known.number == number) return known.name;
  }
  return "a signal";
}

void report_crash(int number) {
  put("\nkd: the program crashed (");
  put(signal_name(number));
  put(")");
  for (const Breadcrumb* crumb = current_breadcrumb; crumb; crumb = crumb->outer()) {
    put(crumb == current_breadcrumb ? " in " : "\n  called from ");
    put(crumb->text());
  }
  put("\n");
  // SA_RESETHAND has restored what the system does with this signal.
  ::raise(number);
}

// A stack overflow leaves no room for the handler on its own stack.
void use_alternate_stack() {
  static std::array<char, 64 * 1024> memory;
  stack_t stack{};
  stack.ss_sp = memory.data();
  stack.ss_size = memory.size();
  ::sigaltstack(&stack, nullptr);
}

}  // namespace

Breadcrumb::Breadcrumb(std::string_view text) noexcept : text_(text), outer_(current_breadcrumb) {
  current_breadcrumb = this;
}

Breadcrumb::~Breadcrumb() { current_breadcrumb = outer_; }

const Breadcrumb* Breadcrumb::current() noexcept { return current_breadcrumb; }

void install_crash_handler() {
  use_alternate_stack();
  struct sigaction action {};
  action.sa_handler = &report_crash;
  action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  for (const auto& known : kCrashSignals) ::sigaction(known.number, &action, nullptr);
}

}  // namespace kd::core
