// Ends a plan pass that takes too long by the wall clock. A hook in Lua sees `expired`; a library
// call inside Lua that does not come back (one string.find can take minutes) ends the process.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <string>
#include <thread>

namespace kd::core {

class Watchdog {
 public:
  using Clock = std::chrono::steady_clock;

  Watchdog() = default;
  ~Watchdog() { stop(); }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  // `hung` is called on the watchdog's thread when nothing has reacted to `expired` for a second;
  // it must end the process.
  void start(std::chrono::milliseconds budget, std::function<void()> hung);
  void stop();

  // [any]
  bool expired() const { return expired_.load(std::memory_order_relaxed); }

  // While one of these lives, time does not count: the host is at work, not Lua.
  class Pause {
   public:
    explicit Pause(Watchdog& watchdog) : watchdog_(watchdog), before_(watchdog.set_paused(true)) {}
    ~Pause() { watchdog_.set_paused(before_); }
    Pause(const Pause&) = delete;
    Pause& operator=(const Pause&) = delete;

   private:
    Watchdog& watchdog_;
    bool before_;
  };

  // While one of these lives inside a Pause, time counts again: the host has called Lua.
  class Resume {
   public:
    explicit Resume(Watchdog& watchdog)
        : watchdog_(watchdog), before_(watchdog.set_paused(false)) {}
    ~Resume() { watchdog_.set_paused(before_); }
    Resume(const Resume&) = delete;
    Resume& operator=(const Resume&) = delete;

   private:
    Watchdog& watchdog_;
    bool before_;
  };

  // Where Lua was last seen, for the message of `hung`. The name must live as long as this.
  void note(const char* file, int line) {
    file_.store(file, std::memory_order_relaxed);
    line_.store(line, std::memory_order_relaxed);
  }
  std::string last_seen() const;

 private:
  void watch(std::function<void()> hung);
  bool set_paused(bool paused);  // returns what it was
  // Waits until `budget` of counted time has passed. False when stopped before.
  bool wait_for(std::unique_lock<std::mutex>& lock, Clock::duration budget);

  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopped_ = false;
  bool paused_ = false;
  Clock::duration counted_{0};
  Clock::time_point counting_since_;
  Clock::duration budget_{0};
  std::atomic<bool> expired_{false};
  std::atomic<const char*> file_{nullptr};
  std::atomic<int> line_{0};
  std::thread thread_;
};

}  // namespace kd::core
