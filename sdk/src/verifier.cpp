#include "kd/verifier.h"

#include "kd/error.h"

namespace kd {

Verifier::~Verifier() = default;

std::string to_string(VerdictState state) {
  switch (state) {
    case VerdictState::kOk:
      return "ok";
    case VerdictState::kWrong:
      return "wrong";
    case VerdictState::kUnparsablePrediction:
      return "unparsable_prediction";
    case VerdictState::kUnparsableReference:
      return "unparsable_reference";
    case VerdictState::kTimeout:
      return "timeout";
  }
  throw Error(ErrorCode::kInternal, cat("no such verdict: ", static_cast<int>(state)));
}

}  // namespace kd
