// The component that the fault plugins offer where they get so far.
#pragma once

#include <memory>
#include <string>

#include "kd/plugin.h"
#include "kd/verifier.h"

namespace fault {

class ExactVerifier : public kd::Verifier {
 public:
  kd::Verdict verify(const kd::Row&, const std::string& completion) const override {
    return {completion == "42" ? 1.0 : 0.0, kd::VerdictState::kOk, {}};
  }
};

inline std::shared_ptr<kd::Verifier> make_exact(const kd::NoParams&, const kd::CreateContext&) {
  return std::make_shared<ExactVerifier>();
}

inline void add_exact(kd::Registrar& registrar, const std::string& name) {
  registrar.add<kd::Verifier, kd::NoParams>(name, "equal to 42", &make_exact);
}

}  // namespace fault
