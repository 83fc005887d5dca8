// Every divergence written out as its definition, on whole matrices, for autograd to differentiate.
#pragma once

#include <ATen/TensorOperators.h>
#include <ATen/core/Tensor.h>
#include <ATen/ops/clamp_max.h>
#include <ATen/ops/log.h>
#include <ATen/ops/log_softmax.h>
#include <ATen/ops/softmax.h>

#include <cmath>

#include "kd/token_terms.h"

namespace kd::testing {

inline at::Tensor kl(const at::Tensor& p, const at::Tensor& q) {
  return (p * (at::log(p) - at::log(q))).sum(-1);
}

// D per row, [N]. z: student, a: teacher, [N, V]; labels [N].
inline at::Tensor divergence(const TokenTerm& term, const at::Tensor& z, const at::Tensor& a,
                             const at::Tensor& labels) {
  const at::Tensor q = at::softmax(z / term.temperature, -1);
  const at::Tensor p = a.defined() ? at::softmax(a / term.temperature, -1) : a;
  switch (term.divergence) {
    case Divergence::kCrossEntropy:
      return -at::log(q).gather(1, labels.clamp_min(0).unsqueeze(1)).squeeze(1);
    case Divergence::kForwardKl:
      return kl(p, q);
    case Divergence::kReverseKl:
      return kl(q, p);
    case Divergence::kJsd:
      if (term.beta == 0) return kl(p, q);
      if (term.beta == 1) return kl(q, p);
      const at::Tensor m = p * term.beta + q * (1 - term.beta);
      return kl(p, m) * term.beta + kl(q, m) * (1 - term.beta);
  }
  return {};
}

// Σ_n mask · weight · temperature^power · min(D, clip), for labels [N] and weight [N] or undefined.
inline at::Tensor sum_of(const TokenTerm& term, const at::Tensor& z, const at::Tensor& a) {
  const at::Tensor labels = term.labels.flatten();
  at::Tensor value = at::clamp_max(divergence(term, z, a, labels), term.clip);
  value = value * labels.ne(kIgnoreLabel).to(z.scalar_type());
  if (term.weight.defined()) {
    value = value * term.weight.expand(term.labels.sizes()).flatten().to(z.scalar_type());
  }
  return value.sum() * std::pow(term.temperature, term.temperature_power);
}

}  // namespace kd::testing
