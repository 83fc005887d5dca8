// Runs something that must throw a kd::Error, and returns that.
#pragma once

#include <gtest/gtest.h>

#include "kd/error.h"

namespace kd::test {

template <typename Action>
Error error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  ADD_FAILURE() << "no kd::Error was thrown";
  return Error(ErrorCode::kInternal, "nothing was thrown");
}

}  // namespace kd::test
