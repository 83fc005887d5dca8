// Verifiers: is a completion right?
#pragma once

#include <string>

#include "kd/value.h"

namespace kd {

enum class VerdictState {
  kOk,                    // parsed and right
  kWrong,                 // parsed and wrong
  kUnparsablePrediction,  // no answer found in the completion
  kUnparsableReference,   // the row's own answer cannot be read: the row proves nothing
  kTimeout,
};

struct Verdict {
  double score = 0;  // in [0, 1]
  VerdictState state = VerdictState::kWrong;
  std::string extracted;  // the answer found, as text
};

// "ok", "wrong", "unparsable_prediction", …
std::string to_string(VerdictState state);

// A pure function of a row and a completion. Thread-safe. [any]
class Verifier {
 public:
  static constexpr const char* kKind = "verify";
  virtual ~Verifier();
  virtual Verdict verify(const Row& row, const std::string& completion) const = 0;
};

}  // namespace kd
