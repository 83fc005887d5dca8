// Which rows of a batch count, from its labels.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

#include "kd/logits.h"

namespace kd {

// Rows that have a label in at least one of several label tensors. Where the labels live on the
// CPU, `index` lists the rows (undefined: all count), so that the others cost nothing; elsewhere
// finding them would synchronise with the device, and `keep` masks instead.
struct CountedRows {
  at::Tensor index;  // [M] int64, on the CPU
  at::Tensor keep;   // [N] bool

  // The entries of a [N] tensor that belong to the rows that are evaluated, [M].
  at::Tensor select(const at::Tensor& per_row) const;
  // The way back: [N] with zeros in rows that are not evaluated.
  at::Tensor restore(const at::Tensor& per_chosen, int64_t rows) const;
};

// labels: each [N] or [B, T]; none, or one that is undefined: all rows count.
CountedRows count_rows(const std::vector<at::Tensor>& labels);

// kd::Error(kPlugin) unless labels are int64, one for each row, and (looked at only where that
// costs no synchronisation) within the vocabulary or kIgnoreLabel. `who` starts the message.
void check_labels(const at::Tensor& labels, const LazyLogits& logits, std::string_view who);

}  // namespace kd
