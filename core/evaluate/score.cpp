#include "core/evaluate/score.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "core/data/encode.h"
#include "core/plugin/guard.h"
#include "core/report/progress.h"
#include "kd/error.h"
#include "kd/token_terms.h"

namespace kd::core {
namespace {

void cut(EncodedRow& row, int64_t max_length) {
  if (static_cast<int64_t>(row.ids.size()) <= max_length) return;
  row.ids.resize(static_cast<size_t>(max_length));
  row.labels.resize(static_cast<size_t>(max_length));
}

// Log-probabilities [B, T] of one padded batch; the rows' own tokens are those with a label.
void score_batch(Model& model, const std::string& place, const TensorMap& batch,
                 std::span<std::vector<double>> out) {
  const Outputs outputs = guarded(place, [&] { return model.forward(batch, {"logits"}, {}); });
  const at::Tensor labels = require_tensor(batch, "labels");
  const at::Tensor flat = labels.reshape({-1});
  const at::Tensor scores = token_logprobs(outputs.logits, flat).cpu().contiguous();
  const at::Tensor label_ids = flat.cpu().contiguous();
  const auto* score = scores.const_data_ptr<float>();
  const auto* label = label_ids.const_data_ptr<int64_t>();
  const auto length = static_cast<size_t>(labels.size(1));
  for (size_t row = 0; row < out.size(); ++row) {
    for (size_t t = row * length; t < (row + 1) * length; ++t) {
      if (label[t] != kIgnoreLabel) out[row].push_back(static_cast<double>(score[t]));
    }
  }
}

}  // namespace

std::vector<std::vector<double>> score_rows(const LoadedModel& model, const RowSource& rows,
                                            int64_t batch, int64_t max_length,
                                            const std::string& label) {
  if (!model.tokenizer) {
    throw Error(ErrorCode::kUsage, cat("the model ", model.label, " has no tokenizer"));
  }
  const at::NoGradGuard no_grad;
  std::vector<std::vector<double>> out(static_cast<size_t>(rows.size()));
  Progress progress(label, rows.size(), "rows");
  for (int64_t begin = 0; begin < rows.size(); begin += batch) {
    const int64_t end = std::min(rows.size(), begin + batch);
    std::vector<EncodedRow> encoded;
    std::vector<const EncodedRow*> pointers;
    for (int64_t i = begin; i < end; ++i) {
      encoded.push_back(encode_row(rows.row(i), *model.tokenizer));
      cut(encoded.back(), max_length);
    }
    for (const EncodedRow& row : encoded) pointers.push_back(&row);
    score_batch(*model.model, cat("model ", model.label), collate(pointers, model.tokenizer->pad()),
                std::span(out).subspan(static_cast<size_t>(begin), encoded.size()));
    progress.update(end, static_cast<double>(end));
  }
  progress.finish(cat(rows.size(), " rows scored"));
  return out;
}

}  // namespace kd::core
