#include "sdk/src/divergence.h"

#include <ATen/ScalarOps.h>
#include <ATen/TensorOperators.h>
#include <ATen/ops/add.h>
#include <ATen/ops/eq.h>
#include <ATen/ops/exp.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/logaddexp.h>
#include <ATen/ops/min.h>
#include <ATen/ops/mul.h>
#include <ATen/ops/sub.h>
#include <ATen/ops/sum.h>

#include <cmath>
#include <limits>

namespace kd {
namespace {

// A number as an operand of the out= forms; kernels take it as an argument, on any device.
at::Tensor number(double value) { return at::native::wrapped_scalar_tensor(value); }

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What one evaluation passes along.
struct Job {
  const TokenTerm& term;
  const LogProbabilities& logs;
  const at::Tensor& labels;
  const at::Tensor& coefficient;
  const at::Tensor& upstream;
  bool accumulate;
  ChunkScratch& scratch;

  int64_t rows() const { return logs.log_q.size(0); }
  at::Tensor slot(Slot which) const { return scratch.get(which, rows()); }
};

// Applies the clip to the values and returns the coefficients [C, 1] that it leaves.
at::Tensor clip_rows(const Job& job, at::Tensor& value) {
  const double clip = job.term.clip;
  at::Tensor coefficient = job.coefficient;
  if (clip != kInfinity) {
    if (coefficient.defined()) coefficient = coefficient.masked_fill(value.gt(clip), 0);
    value.clamp_max_(clip);
  }
  return coefficient.defined() ? coefficient.unsqueeze(1) : coefficient;
}

// upstream (+)= sign · coefficient · derivative.
void add_upstream(const Job& job, const at::Tensor& derivative, const at::Tensor& coefficient,
                  double sign) {
  if (!job.upstream.defined()) return;
  at::Tensor upstream = job.upstream;
  if (job.accumulate) {
    upstream.addcmul_(derivative, coefficient, sign);
  } else {
    at::mul_out(upstream, derivative, sign == 1 ? coefficient : coefficient * sign);
  }
}

// G is -1 at the label and 0 elsewhere.
at::Tensor cross_entropy(const Job& job) {
  const at::Tensor label = job.labels.unsqueeze(1);
  at::Tensor value = at::gather(job.logs.log_q, 1, label).squeeze(1).neg_();
  const at::Tensor coefficient = clip_rows(job, value);
  if (!job.upstream.defined()) return value;
  at::Tensor upstream = job.upstream;
  if (!job.accumulate) upstream.zero_();
  upstream.scatter_add_(1, label, coefficient.neg());
  return value;
}

// G = -p.
at::Tensor forward_kl(const Job& job) {
  at::Tensor terms = job.slot(Slot::kRatio);
  at::Tensor p = job.slot(Slot::kProbability);
  at::sub_out(terms, job.logs.log_p, job.logs.log_q);
  at::exp_out(p, job.logs.log_p);
  terms.mul_(p);
  if (job.logs.excluded.defined()) terms.masked_fill_(p.eq(0), 0);
  at::Tensor value = at::sum(terms, 1);
  add_upstream(job, p, clip_rows(job, value), -1);
  return value;
}

// G = q·(log q - log p), up to +q, which cancels where the q that are left in sum to one; entries
// left out have s = -1 in its place so that the derivative stays exact there too.
at::Tensor reverse_kl(const Job& job) {
  at::Tensor terms = job.slot(Slot::kRatio);
  at::Tensor q = job.slot(Slot::kProbability);
  at::sub_out(terms, job.logs.log_q, job.logs.log_p);
  if (job.logs.excluded.defined()) terms.masked_fill_(job.logs.excluded, -1);
  at::exp_out(q, job.logs.log_q);
  terms.mul_(q);
  at::Tensor value = at::sum(terms, 1);
  if (job.logs.excluded.defined()) value.add_(at::sum(q.mul_(job.logs.excluded), 1));
  add_upstream(job, terms, clip_rows(job, value), 1);
  return value;
}

// Σ exp(log_x)·(log_x - log_m) over the entries that are left in; its terms stay in `terms`.
at::Tensor kl_to_mixture(const Job& job, const at::Tensor& log_x, const at::Tensor& log_m,
                         at::Tensor& terms) {
  at::Tensor x = job.slot(Slot::kProbability);
  at::sub_out(terms, log_x, log_m);
  if (job.logs.excluded.defined()) terms.masked_fill_(job.logs.excluded, 0);
  at::exp_out(x, log_x);
  terms.mul_(x);
  return at::sum(terms, 1);
}

// G = (1-beta)·q·(log q - log M); nothing is dropped, M depends on q in a way that cancels.
at::Tensor jsd(const Job& job) {
  const double beta = job.term.beta;
  at::Tensor log_m = job.slot(Slot::kMixture);
  at::Tensor terms = job.slot(Slot::kRatio);
  at::add_out(log_m, job.logs.log_p, number(std::log(beta)));
  at::add_out(terms, job.logs.log_q, number(std::log1p(-beta)));
  at::logaddexp_out(log_m, log_m, terms);
  at::Tensor value = kl_to_mixture(job, job.logs.log_p, log_m, terms).mul_(beta);
  value.add_(kl_to_mixture(job, job.logs.log_q, log_m, terms), 1 - beta);
  add_upstream(job, terms, clip_rows(job, value), 1 - beta);
  return value;
}

}  // namespace

void find_excluded(LogProbabilities& logs) {
  if (!logs.log_p.defined()) return;
  const auto is_clean = [](const at::Tensor& log) {
    return log.numel() == 0 || at::min(log).item<double>() != -kInfinity;
  };
  if (logs.log_q.is_cpu() && is_clean(logs.log_p) && is_clean(logs.log_q)) return;
  logs.excluded = at::eq(logs.log_p, -kInfinity).logical_or_(at::eq(logs.log_q, -kInfinity));
}

at::Tensor add_divergence(const TokenTerm& term, const LogProbabilities& logs,
                          const at::Tensor& labels, const at::Tensor& coefficient,
                          const at::Tensor& upstream, bool accumulate, ChunkScratch& scratch) {
  const Job job{term, logs, labels, coefficient, upstream, accumulate, scratch};
  switch (term.divergence) {
    case Divergence::kCrossEntropy:
      return cross_entropy(job);
    case Divergence::kForwardKl:
      return forward_kl(job);
    case Divergence::kReverseKl:
      return reverse_kl(job);
    case Divergence::kJsd:
      if (term.beta == 0) return forward_kl(job);
      if (term.beta == 1) return reverse_kl(job);
      return jsd(job);
  }
  return {};
}

}  // namespace kd
