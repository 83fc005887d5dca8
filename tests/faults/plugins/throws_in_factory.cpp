// Its components cannot be made: each factory throws something else.
#include <c10/util/Exception.h>

#include <new>

#include "exact_verifier.h"

namespace {

template <typename Throw>
void add_throwing(kd::Registrar& registrar, const char* name, Throw thrower) {
  registrar.add<kd::Verifier, kd::NoParams>(
      name, "throws",
      [thrower](const kd::NoParams&, const kd::CreateContext&) -> std::shared_ptr<kd::Verifier> {
        thrower();
        return nullptr;
      });
}

void register_all(kd::Registrar& r) {
  add_throwing(r, "kd_error", [] {
    throw kd::Error(kd::ErrorCode::kData, "the file is empty", "give another one");
  });
  add_throwing(r, "std_exception", [] { throw std::runtime_error("it is Monday"); });
  add_throwing(r, "c10_error", [] { TORCH_CHECK(false, "sizes do not match: ", 3, " and ", 4); });
  add_throwing(r, "integer", [] { throw 42; });
  add_throwing(r, "bad_alloc", [] { throw std::bad_alloc(); });
  add_throwing(r, "nothing", [] {});
}

}  // namespace

KD_PLUGIN("throws_in_factory", "0.1.0", register_all)
