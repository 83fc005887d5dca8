#include "kd/plugin.h"

#include <c10/util/Exception.h>

namespace kd {
namespace {

thread_local std::string registration_error;

}  // namespace

Registrar::~Registrar() = default;

int guarded_registration(Registrar& registrar, void (*fill)(Registrar&),
                         void (*report)(const char* text)) noexcept {
  try {
    fill(registrar);
    return 0;
  } catch (const c10::Error& error) {
    report(error.what_without_backtrace());
  } catch (const std::exception& error) {
    report(error.what());
  } catch (...) {
    report("something that is no std::exception was thrown");
  }
  return 1;
}

void set_registration_error(const char* text) noexcept {
  try {
    registration_error = text;
  } catch (const std::bad_alloc&) {
    registration_error.clear();
  }
}

std::string take_registration_error() { return std::exchange(registration_error, {}); }

}  // namespace kd
