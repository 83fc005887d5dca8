#include "kd/token_terms.h"

#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/stack.h>
#include <ATen/ops/zeros.h>

#include <cmath>

#include "kd/error.h"
#include "sdk/src/compute_type.h"
#include "sdk/src/graph.h"
#include "sdk/src/logit_rows.h"
#include "sdk/src/term_group.h"

namespace kd {
namespace {

const LazyLogits& find_logits(const std::map<std::string, LazyLogits>& logits,
                              const std::string& want, const TokenTerm& term) {
  const auto found = logits.find(want);
  if (found != logits.end() && found->second.defined()) return found->second;
  std::vector<std::string> names;
  for (const auto& [name, unused] : logits) names.push_back(name);
  throw Error(ErrorCode::kPlugin, cat("term '", term.name, "': no logits '", want, "'"),
              did_you_mean(want, names));
}

void check_numbers(const TokenTerm& term) {
  const auto fail = [&](const auto&... parts) {
    throw Error(ErrorCode::kPlugin, cat("term '", term.name, "': ", parts...));
  };
  if (!(term.temperature > 0) || !std::isfinite(term.temperature)) {
    fail("temperature must be above 0, got ", term.temperature);
  }
  if (!(term.beta >= 0 && term.beta <= 1)) fail("beta must be within [0, 1], got ", term.beta);
  if (!(term.clip >= 0)) fail("clip must not be negative, got ", term.clip);
  const bool needs_teacher = term.divergence != Divergence::kCrossEntropy;
  if (needs_teacher && term.teacher.empty()) fail("a divergence needs a teacher");
  if (!needs_teacher && !term.labels.defined()) fail("cross-entropy needs labels");
}

// Groups of terms by the logits that take the gradient, in order of first appearance.
std::vector<TermGroup> make_groups(std::span<const TokenTerm> terms,
                                   std::span<const double> factors,
                                   const std::map<std::string, LazyLogits>& logits) {
  std::vector<TermGroup> groups;
  std::map<std::string, size_t> position;
  for (size_t k = 0; k < terms.size(); ++k) {
    const TokenTerm& term = terms[k];
    check_numbers(term);
    const auto [found, is_new] = position.try_emplace(term.student, groups.size());
    if (is_new) groups.emplace_back(find_logits(logits, term.student, term));
    const bool compares = term.divergence != Divergence::kCrossEntropy;
    groups[found->second].add(term, k, factors[k],
                              compares ? &find_logits(logits, term.teacher, term) : nullptr);
  }
  return groups;
}

// loss with a graph whose backward hands the gradients out, scaled in place: they are as large as
// the parameters, so no second copy is made.
at::Tensor attach(at::Tensor loss, GradientStore& store) {
  const std::vector<at::Tensor> inputs = store.inputs();
  if (inputs.empty()) return loss;
  auto kept = std::make_shared<std::vector<at::Tensor>>(store.gradients());
  return with_backward(std::move(loss), inputs, [kept](const at::Tensor& gradient) {
    if (kept->empty()) {
      throw Error(ErrorCode::kPlugin, "the gradients of token terms were already handed out",
                  "evaluate the terms again instead of going through the graph twice");
    }
    std::vector<at::Tensor> out = std::move(*kept);
    kept->clear();
    for (at::Tensor& each : out) each.mul_(gradient);
    return out;
  });
}

}  // namespace

TokenTermsResult evaluate_token_terms(std::span<const TokenTerm> terms,
                                      std::span<const double> factors,
                                      const std::map<std::string, LazyLogits>& logits,
                                      const TokenTermsOptions& options) {
  if (terms.empty() || terms.size() != factors.size()) {
    throw Error(ErrorCode::kInternal, cat("evaluate_token_terms: ", terms.size(), " terms and ",
                                          factors.size(), " factors"));
  }
  const bool grad = at::GradMode::is_enabled();
  const at::NoGradGuard no_grad;
  TokenTermsResult result;
  GradientStore store;
  std::vector<at::Tensor> sums(terms.size());
  result.per_token.resize(options.per_token ? terms.size() : 0);
  for (TermGroup& group : make_groups(terms, factors, logits)) {
    group.evaluate(options, grad ? &store : nullptr);
    for (const TermGroup::Member& member : group.members()) {
      sums[member.index] = member.sum;
      if (options.per_token) result.per_token[member.index] = group.per_token(member);
      const at::Tensor part = member.sum * member.factor;
      result.loss = result.loss.defined() ? result.loss + part : part;
    }
  }
  result.sums = at::stack(sums);
  result.loss = attach(result.loss.to(compute_type(logits.at(terms[0].student))), store);
  return result;
}

}  // namespace kd
