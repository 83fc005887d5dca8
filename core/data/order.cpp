#include "core/data/order.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "kd/error.h"
#include "kd/random.h"

namespace kd::core {
namespace {

RandomStream epoch_stream(uint64_t seed, const std::string& stage, const char* purpose,
                          int64_t epoch) {
  return RandomStream(StreamKey{seed, stage, purpose, static_cast<uint64_t>(epoch)});
}

}  // namespace

std::vector<int64_t> epoch_order(uint64_t seed, const std::string& stage, int64_t epoch,
                                 int64_t rows) {
  return epoch_stream(seed, stage, "shuffle", epoch).permutation(rows);
}

BatchOrder::BatchOrder(uint64_t seed, std::string stage, std::vector<int64_t> lengths,
                       OrderOptions options)
    : seed_(seed), stage_(std::move(stage)), lengths_(std::move(lengths)), options_(options) {
  const auto rows = static_cast<int64_t>(lengths_.size());
  const int64_t spare = options_.drop_last ? 0 : options_.batch_size - 1;
  steps_per_epoch_ = (rows + spare) / options_.batch_size;
  if (steps_per_epoch_ == 0) {
    throw Error(ErrorCode::kData, cat("no batch of ", options_.batch_size, " from ", rows, " rows"),
                "take a smaller batch, or more rows");
  }
}

const std::vector<int64_t>& BatchOrder::batch(int64_t step) {
  prepare(step / steps_per_epoch_);
  return batches_.at(static_cast<size_t>(step % steps_per_epoch_));
}

void BatchOrder::prepare(int64_t epoch) {
  if (epoch == epoch_) return;
  const auto rows = static_cast<int64_t>(lengths_.size());
  std::vector<int64_t> order(lengths_.size());
  std::iota(order.begin(), order.end(), 0);
  if (options_.shuffle) order = epoch_order(seed_, stage_, epoch, rows);
  const auto by_length = [&](int64_t a, int64_t b) {
    return lengths_[static_cast<size_t>(a)] < lengths_[static_cast<size_t>(b)];
  };
  const int64_t window = options_.length_window * options_.batch_size;
  for (int64_t at = 0; window > 0 && at < rows; at += window) {
    std::stable_sort(order.begin() + at, order.begin() + std::min(at + window, rows), by_length);
  }
  batches_.clear();
  for (int64_t step = 0; step < steps_per_epoch_; ++step) {
    const int64_t begin = step * options_.batch_size;
    batches_.emplace_back(order.begin() + begin,
                          order.begin() + std::min(begin + options_.batch_size, rows));
  }
  if (window > 0 && options_.shuffle) {  // else each window would go from short to long
    const auto places = epoch_stream(seed_, stage_, "batches", epoch).permutation(steps_per_epoch_);
    std::vector<std::vector<int64_t>> mixed;
    for (const int64_t place : places)
      mixed.push_back(std::move(batches_[static_cast<size_t>(place)]));
    batches_ = std::move(mixed);
  }
  epoch_ = epoch;
}

}  // namespace kd::core
