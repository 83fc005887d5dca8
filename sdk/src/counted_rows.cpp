#include "sdk/src/counted_rows.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/max.h>
#include <ATen/ops/min.h>
#include <ATen/ops/zeros.h>

#include "kd/error.h"
#include "kd/tensors.h"
#include "kd/token_terms.h"

namespace kd {

at::Tensor CountedRows::select(const at::Tensor& per_row) const {
  return index.defined() ? per_row.index_select(0, index.to(per_row.device())) : per_row;
}

at::Tensor CountedRows::restore(const at::Tensor& per_chosen, int64_t rows) const {
  if (!index.defined()) return per_chosen;
  at::Tensor out = at::zeros({rows}, per_chosen.options());
  return out.index_copy_(0, index.to(out.device()), per_chosen);
}

CountedRows count_rows(const std::vector<at::Tensor>& labels) {
  at::Tensor counted;
  for (const at::Tensor& each : labels) {
    if (!each.defined()) return {};
    const at::Tensor own = each.flatten().ne(kIgnoreLabel);
    counted = counted.defined() ? counted.logical_or(own) : own;
  }
  CountedRows out;
  if (!counted.defined()) return out;
  if (!counted.is_cpu()) {
    out.keep = counted;
    return out;
  }
  const at::Tensor found = counted.nonzero().squeeze(1);
  if (found.size(0) != counted.size(0)) out.index = found;
  return out;
}

void check_labels(const at::Tensor& labels, const LazyLogits& logits, std::string_view who) {
  if (labels.scalar_type() != at::kLong || labels.numel() != logits.rows()) {
    throw Error(ErrorCode::kPlugin, cat(who, ": labels: expected int64 with ", logits.rows(),
                                        " entries, got ", describe_tensor(labels)));
  }
  if (!labels.is_cpu() || labels.numel() == 0) return;
  const int64_t highest = at::max(labels).item<int64_t>();
  const at::Tensor negative = labels.lt(0).logical_and_(labels.ne(kIgnoreLabel));
  const bool has_negative = negative.any().item<bool>();
  if (highest < logits.vocabulary() && !has_negative) return;
  const int64_t found =
      has_negative ? at::min(labels.masked_select(negative)).item<int64_t>() : highest;
  throw Error(ErrorCode::kPlugin,
              cat(who, ": label ", found, " is outside the vocabulary: valid are 0 to ",
                  logits.vocabulary() - 1, " and ", kIgnoreLabel),
              "are the labels made with the student's tokenizer?");
}

}  // namespace kd
