#include <ATen/core/grad_mode.h>

#include <set>

#include "kd/error.h"
#include "kd/module.h"

namespace kd {
namespace {

struct Misfit {
  std::vector<std::string> missing;
  std::vector<std::string> extra;
  std::vector<std::string> misshaped;

  bool any() const { return !missing.empty() || !extra.empty() || !misshaped.empty(); }
};

// "2 missing: a, b", with at most eight names.
std::string part(std::string_view what, const std::vector<std::string>& names) {
  constexpr size_t kShown = 8;
  if (names.empty()) return {};
  std::vector<std::string> shown(
      names.begin(), names.begin() + static_cast<int64_t>(std::min(kShown, names.size())));
  return cat("\n  ", names.size(), " ", what, ": ", join(shown),
             names.size() > kShown ? ", …" : "");
}

Misfit compare(std::span<const NamedTensor> parameters, const TensorMap& tensors,
               const std::function<bool(std::string_view)>& may_ignore) {
  Misfit misfit;
  std::set<std::string_view> expected;
  for (const NamedTensor& parameter : parameters) {
    expected.insert(parameter.name);
    const auto found = tensors.find(parameter.name);
    if (found == tensors.end()) {
      misfit.missing.push_back(parameter.name);
    } else if (found->second.sizes() != parameter.tensor.sizes()) {
      misfit.misshaped.push_back(cat(parameter.name, " is ", describe_tensor(found->second),
                                     " and should be ", describe_tensor(parameter.tensor)));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (!expected.contains(name) && !(may_ignore && may_ignore(name))) misfit.extra.push_back(name);
  }
  return misfit;
}

}  // namespace

void load_tensors(std::span<const NamedTensor> parameters, const TensorMap& tensors,
                  std::string_view where, const std::function<bool(std::string_view)>& may_ignore) {
  const Misfit misfit = compare(parameters, tensors, may_ignore);
  if (misfit.any()) {
    throw Error(ErrorCode::kCheckpoint,
                cat("the tensors do not fit the model:", part("missing", misfit.missing),
                    part("extra", misfit.extra), part("misshaped", misfit.misshaped)),
                "config.json and the weights must come from the same model", std::string(where));
  }
  const at::NoGradGuard no_grad;
  for (const NamedTensor& parameter : parameters) {
    parameter.tensor.copy_(tensors.find(parameter.name)->second);
  }
}

}  // namespace kd
