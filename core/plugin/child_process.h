// Runs a function in a forked child and brings back what it returns, or how it died.
#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace kd::core {

struct ChildResult {
  bool finished = false;  // `work` returned
  std::string returned;   // what it returned
  std::string death;      // else: "was ended by SIGSEGV", "took longer than 60 s"
  std::string messages;   // what the child wrote to stderr
};

// `work` must not depend on other threads, which the child does not have. Throws kd::Error
// (kInternal) when no child can be started. [main]
ChildResult run_in_child(const std::function<std::string()>& work,
                         std::chrono::milliseconds time_limit);

}  // namespace kd::core
