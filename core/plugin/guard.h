// The one guard around calls into plugins: whatever comes out is a kd::Error with the place in it.
#pragma once

#include <string_view>
#include <utility>

#include "core/plugin/breadcrumb.h"

namespace kd::core {

// Call inside a catch block. Rethrows the exception in flight as kd::Error: a kd::Error keeps its
// code, LibTorch's lose their backtrace, running out of memory is kMemory, all else kPlugin.
[[noreturn]] void rethrow_as_error(std::string_view place);

// Runs `call`, which enters a plugin. `place` names plugin, version and component, and what the
// caller knows besides (stage, step, line of the recipe). [any]
template <typename Call>
decltype(auto) guarded(std::string_view place, Call&& call) {
  const Breadcrumb breadcrumb(place);
  try {
    return std::forward<Call>(call)();
  } catch (...) {
    rethrow_as_error(place);
  }
}

}  // namespace kd::core
