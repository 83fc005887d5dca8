#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/_log_softmax.h>
#include <ATen/ops/_log_softmax_backward_data.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/gather.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <functional>

#include "kd/token_terms.h"
#include "sdk/src/compute_type.h"
#include "sdk/src/counted_rows.h"
#include "sdk/src/graph.h"
#include "sdk/src/logit_rows.h"

namespace kd {
namespace {

using ChunkFunction =
    std::function<void(int64_t begin, int64_t end, const at::Tensor& z, const at::Tensor& log_q)>;

void for_each_chunk(const LogitRows& rows, const ChunkFunction& visit) {
  const int64_t step = rows.rows_per_chunk();
  for (int64_t begin = 0; begin < rows.count(); begin += step) {
    const int64_t end = std::min(begin + step, rows.count());
    const at::Tensor z = rows.chunk(begin, end);
    visit(begin, end, z, at::_log_softmax(z, 1, false));
  }
}

at::Tensor selected_logprobs(const LogitRows& rows, const at::Tensor& labels) {
  at::Tensor out = at::empty({rows.count()}, at::TensorOptions(rows.device()).dtype(rows.type()));
  for_each_chunk(rows, [&](int64_t begin, int64_t end, const at::Tensor&, const at::Tensor& log_q) {
    const at::Tensor label = labels.narrow(0, begin, end - begin).unsqueeze(1);
    out.narrow(0, begin, end - begin).copy_(at::gather(log_q, 1, label).squeeze(1));
  });
  return out;
}

// d Σ g·log q[label] / d logits = g·(onehot - q), chunk by chunk from recomputed logits.
// labels, upstream: [M].
std::vector<at::Tensor> logprob_gradients(const LazyLogits& logits, const CountedRows& counted,
                                          const at::Tensor& labels, const at::Tensor& upstream) {
  const LogitRows rows(logits, counted, compute_type(logits));
  GradientStore store;
  LogitGradient sink(logits, rows, store);
  for_each_chunk(
      rows, [&](int64_t begin, int64_t end, const at::Tensor& z, const at::Tensor& log_q) {
        const auto part = [&](const at::Tensor& t) {
          return t.narrow(0, begin, end - begin).unsqueeze(1);
        };
        const at::Tensor g =
            at::zeros(log_q.sizes(), log_q.options()).scatter_(1, part(labels), part(upstream));
        sink.add(begin, end, at::_log_softmax_backward_data(g, log_q, 1, log_q.scalar_type()), z);
      });
  return store.gradients();
}

at::Tensor masked(const at::Tensor& values, const at::Tensor& keep) {
  return keep.defined() ? values.masked_fill(keep.logical_not(), 0) : values;
}

}  // namespace

at::Tensor token_logprobs(const LazyLogits& logits, const at::Tensor& labels) {
  check_labels(labels, logits, "token_logprobs");
  const bool grad = at::GradMode::is_enabled() && logits.requires_grad();
  const at::NoGradGuard no_grad;
  const CountedRows counted = count_rows({labels});
  const LogitRows rows(logits, counted, compute_type(logits));
  const at::Tensor chosen = counted.select(labels.flatten()).clamp_min(0).to(rows.device());
  const at::Tensor values =
      counted.restore(masked(selected_logprobs(rows, chosen), counted.keep), logits.rows());
  if (!grad) return values;
  return with_backward(values, differentiable(logits),
                       [logits, counted, chosen](const at::Tensor& gradient) {
                         return logprob_gradients(logits, counted, chosen,
                                                  masked(counted.select(gradient), counted.keep));
                       });
}

}  // namespace kd
