#include "core/generate/completions.h"

#include <algorithm>

#include "core/data/encode.h"
#include "core/plugin/guard.h"
#include "core/report/progress.h"
#include "kd/error.h"

namespace kd::core {
namespace {

std::vector<GenerationRequest> make_requests(const Tokenizer& tokenizer, const RowSource& rows,
                                             int64_t samples) {
  std::vector<GenerationRequest> requests;
  requests.reserve(static_cast<size_t>(rows.size() * samples));
  for (int64_t row = 0; row < rows.size(); ++row) {
    const Row data = rows.row(row);
    const std::vector<int64_t> prompt = encode_prompt(data, tokenizer);
    const std::vector<int64_t> stop = stop_tokens(data, tokenizer);
    for (int64_t sample = 0; sample < samples; ++sample) {
      requests.push_back({prompt, stop, static_cast<uint64_t>(row * samples + sample)});
    }
  }
  return requests;
}

}  // namespace

std::vector<RowCompletion> complete_rows(const LoadedModel& model, const RowSource& rows,
                                         int64_t samples, const GeneratorOptions& options,
                                         const std::string& label) {
  if (!model.tokenizer) {
    throw Error(ErrorCode::kUsage, cat("the model ", model.label, " has no tokenizer"),
                "give the model tokenizer = kd.tokenizer.…, or a folder with tokenizer.json");
  }
  const auto requests = make_requests(*model.tokenizer, rows, samples);
  Progress progress(label, static_cast<int64_t>(requests.size()), "tokens");
  int64_t written = 0;
  const auto report = [&](int64_t finished, int64_t tokens) {
    written = tokens;
    progress.update(finished, static_cast<double>(tokens));
  };
  auto generations = guarded(cat("model ", model.label), [&] {
    return generate(*model.model, *model.tokenizer, requests, options, report);
  });
  std::vector<RowCompletion> out(generations.size());
  for (size_t i = 0; i < generations.size(); ++i) {
    out[i].row = static_cast<int64_t>(i) / samples;
    out[i].sample = static_cast<int64_t>(i) % samples;
    out[i].text = model.tokenizer->decode(generations[i].ids);
    out[i].generation = std::move(generations[i]);
  }
  progress.finish(cat(
      requests.size(), " completions, ", format_count(static_cast<double>(written)), " tokens, ",
      format_count(static_cast<double>(written) / std::max(progress.seconds(), 1e-9)),
      " tokens/s"));
  return out;
}

}  // namespace kd::core
