#include "core/plugin/guard.h"

#include <c10/util/Exception.h>
#include <cxxabi.h>

#include <new>
#include <string>

#include "kd/error.h"

namespace kd::core {

void rethrow_as_error(std::string_view place) {
  const std::string where(place);
  try {
    throw;
  } catch (Error& error) {
    error.add_where(place);
    throw;
  } catch (const c10::OutOfMemoryError& error) {
    throw Error(ErrorCode::kMemory, error.what_without_backtrace(), {}, where);
  } catch (const c10::Error& error) {
    throw Error(ErrorCode::kPlugin, error.what_without_backtrace(), {}, where);
  } catch (const std::bad_alloc&) {
    throw Error(ErrorCode::kMemory, "out of memory", {}, where);
  } catch (const std::exception& error) {
    throw Error(ErrorCode::kPlugin, error.what(), {}, where);
  } catch (const abi::__forced_unwind&) {
    throw;  // a thread that is being cancelled must not be stopped
  } catch (...) {
    throw Error(ErrorCode::kPlugin, "something that is no std::exception was thrown", {}, where);
  }
}

}  // namespace kd::core
