#include "core/generate/generator.h"

#include <ATen/Parallel.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/full.h>
#include <ATen/ops/ones.h>
#include <ATen/ops/tensor.h>

#include <algorithm>
#include <numeric>

#include "kd/error.h"
#include "kd/random.h"

namespace kd::core {
namespace {

// Requests by length of their prompts: neighbours in a batch then need little padding.
std::vector<size_t> by_prompt_length(std::span<const GenerationRequest> requests) {
  std::vector<size_t> order(requests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return requests[a].prompt.size() < requests[b].prompt.size();
  });
  return order;
}

// One batch being decoded: row r of the cache belongs to request rows_[r].
class BatchDecoder {
 public:
  BatchDecoder(Model& model, const Tokenizer& tokenizer,
               std::span<const GenerationRequest> requests, const GeneratorOptions& options,
               std::vector<Generation>& results)
      : model_(model),
        tokenizer_(tokenizer),
        requests_(requests),
        options_(options),
        results_(results) {}

  // `after_step(new tokens, newly finished)`.
  template <typename AfterStep>
  void run(std::vector<size_t> rows, AfterStep&& after_step) {
    rows_ = std::move(rows);
    done_.assign(rows_.size(), 0);
    at::Tensor logits = prefill();
    for (int64_t position = 0; position < options_.max_new_tokens; ++position) {
      const int64_t live_before = live();
      std::vector<int64_t> next = choose(logits, position);
      const int64_t live_after = live();
      after_step(live_before, live_before - live_after);
      if (live_after == 0 || position + 1 == options_.max_new_tokens) break;
      drop_finished_rows(next, live_after);
      logits = model_.decode(column(next), at::Tensor(), *state_);
    }
    mark_truncated(after_step);
  }

 private:
  int64_t live() const { return std::count(done_.begin(), done_.end(), 0); }

  at::Tensor prefill() {
    size_t longest = 0;
    for (size_t row : rows_) longest = std::max(longest, requests_[row].prompt.size());
    const auto batch = static_cast<int64_t>(rows_.size());
    const auto length = static_cast<int64_t>(longest);
    at::Tensor ids = at::full({batch, length}, tokenizer_.pad(), at::kLong);
    at::Tensor mask = at::full({batch, length}, 0, at::kLong);
    auto* id_data = ids.mutable_data_ptr<int64_t>();
    auto* mask_data = mask.mutable_data_ptr<int64_t>();
    for (size_t r = 0; r < rows_.size(); ++r) {
      const auto& prompt = requests_[rows_[r]].prompt;
      const size_t start = (r + 1) * longest - prompt.size();
      std::copy(prompt.begin(), prompt.end(), id_data + start);
      std::fill_n(mask_data + start, prompt.size(), 1);
    }
    state_ = model_.start_decoding(batch, length + options_.max_new_tokens);
    if (!state_) {
      throw Error(ErrorCode::kUsage,
                  cat("a ", model_.describe().architecture, " model cannot generate text"),
                  "use a causal language model");
    }
    return model_.decode(ids, mask, *state_);
  }

  // Draws a token for every live row; finished rows get padding.
  std::vector<int64_t> choose(const at::Tensor& device_logits, int64_t position) {
    const at::Tensor logits = device_logits.cpu().contiguous();
    const int64_t vocabulary = logits.size(1);
    auto* data = logits.mutable_data_ptr<float>();
    std::vector<int64_t> next(rows_.size(), tokenizer_.pad());
    std::vector<SampledToken> tokens(rows_.size());
    const int64_t grain = std::max<int64_t>(1, 16384 / vocabulary);
    at::parallel_for(0, static_cast<int64_t>(rows_.size()), grain, [&](int64_t begin, int64_t end) {
      for (int64_t r = begin; r < end; ++r) {
        if (done_[static_cast<size_t>(r)]) continue;
        tokens[static_cast<size_t>(r)] =
            draw(std::span(data + r * vocabulary, static_cast<size_t>(vocabulary)),
                 rows_[static_cast<size_t>(r)], position);
      }
    });
    for (size_t r = 0; r < rows_.size(); ++r) {
      if (done_[r]) continue;
      append(rows_[r], tokens[r]);
      next[r] = tokens[r].id;
      const auto& stop = requests_[rows_[r]].stop;
      done_[r] = std::find(stop.begin(), stop.end(), tokens[r].id) != stop.end() ? 1 : 0;
    }
    return next;
  }

  SampledToken draw(std::span<float> row, size_t request, int64_t position) const {
    RandomStream stream(StreamKey{options_.run_seed, options_.stage, "sample",
                                  static_cast<uint64_t>(position), requests_[request].sample});
    return sample_token(row, options_.sampling, stream.uniform());
  }

  void append(size_t request, const SampledToken& token) {
    Generation& result = results_[request];
    result.ids.push_back(token.id);
    result.logprobs.push_back(static_cast<float>(token.logprob));
    result.processed_logprobs.push_back(static_cast<float>(token.processed_logprob));
  }

  // Finished rows cost as much as live ones: they leave once they are a quarter of the batch.
  void drop_finished_rows(std::vector<int64_t>& next, int64_t live_rows) {
    if (4 * live_rows > 3 * static_cast<int64_t>(rows_.size())) return;
    std::vector<int64_t> keep;
    std::vector<size_t> rows;
    std::vector<int64_t> tokens;
    for (size_t r = 0; r < rows_.size(); ++r) {
      if (done_[r]) continue;
      keep.push_back(static_cast<int64_t>(r));
      rows.push_back(rows_[r]);
      tokens.push_back(next[r]);
    }
    state_->select(at::tensor(keep, at::kLong));
    rows_ = std::move(rows);
    next = std::move(tokens);
    done_.assign(rows_.size(), 0);
  }

  static at::Tensor column(const std::vector<int64_t>& ids) {
    return at::tensor(ids, at::kLong).unsqueeze(1);
  }

  template <typename AfterStep>
  void mark_truncated(AfterStep&& after_step) {
    int64_t count = 0;
    for (size_t r = 0; r < rows_.size(); ++r) {
      if (done_[r]) continue;
      results_[rows_[r]].truncated = true;
      ++count;
    }
    after_step(0, count);
  }

  Model& model_;
  const Tokenizer& tokenizer_;
  std::span<const GenerationRequest> requests_;
  const GeneratorOptions& options_;
  std::vector<Generation>& results_;
  std::vector<size_t> rows_;
  std::vector<char> done_;  // no vector<bool>: read by several threads
  std::unique_ptr<DecodeState> state_;
};

}  // namespace

std::vector<Generation> generate(Model& model, const Tokenizer& tokenizer,
                                 std::span<const GenerationRequest> requests,
                                 const GeneratorOptions& options,
                                 const GenerationProgress& progress) {
  const at::NoGradGuard no_grad;
  std::vector<Generation> results(requests.size());
  const std::vector<size_t> order = by_prompt_length(requests);
  const auto batch = static_cast<size_t>(std::max<int64_t>(1, options.batch));
  int64_t finished = 0;
  int64_t tokens = 0;
  for (size_t begin = 0; begin < order.size(); begin += batch) {
    const size_t end = std::min(order.size(), begin + batch);
    if (requests[order[begin]].prompt.empty()) {
      throw Error(ErrorCode::kData, "a prompt has no token to start from",
                  "give the prompt a begin-of-text token, or drop the empty row");
    }
    BatchDecoder decoder(model, tokenizer, requests, options, results);
    decoder.run({order.begin() + static_cast<std::ptrdiff_t>(begin),
                 order.begin() + static_cast<std::ptrdiff_t>(end)},
                [&](int64_t new_tokens, int64_t newly_finished) {
                  tokens += new_tokens;
                  finished += newly_finished;
                  if (progress) progress(finished, tokens);
                });
  }
  return results;
}

}  // namespace kd::core
