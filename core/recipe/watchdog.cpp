#include "core/recipe/watchdog.h"

#include <utility>

namespace kd::core {
namespace {

constexpr std::chrono::seconds kGrace{1};

}  // namespace

void Watchdog::start(std::chrono::milliseconds budget, std::function<void()> hung) {
  budget_ = budget;
  counting_since_ = Clock::now();
  thread_ = std::thread([this, hung = std::move(hung)] { watch(hung); });
}

void Watchdog::stop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::string Watchdog::last_seen() const {
  const char* file = file_.load(std::memory_order_relaxed);
  if (!file) return "the recipe";
  return std::string(file) + ":" + std::to_string(line_.load(std::memory_order_relaxed));
}

bool Watchdog::set_paused(bool paused) {
  bool before = false;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    before = std::exchange(paused_, paused);
    if (paused && !before) counted_ += Clock::now() - counting_since_;
    if (!paused && before) counting_since_ = Clock::now();
  }
  changed_.notify_all();
  return before;
}

bool Watchdog::wait_for(std::unique_lock<std::mutex>& lock, Clock::duration budget) {
  while (!stopped_) {
    if (paused_) {
      changed_.wait(lock);
      continue;
    }
    const Clock::time_point end = counting_since_ + (budget - counted_);
    if (Clock::now() >= end) return true;
    changed_.wait_until(lock, end);
  }
  return false;
}

void Watchdog::watch(std::function<void()> hung) {
  std::unique_lock<std::mutex> lock(mutex_);
  if (!wait_for(lock, budget_)) return;
  expired_ = true;
  if (!wait_for(lock, budget_ + kGrace)) return;
  lock.unlock();
  hung();
}

}  // namespace kd::core
