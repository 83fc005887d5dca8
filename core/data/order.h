// Which rows form the batch of a step: a pure function of (seed, stage, step).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace kd::core {

// A uniform shuffle of 0 … rows-1, another one in each epoch.
std::vector<int64_t> epoch_order(uint64_t seed, const std::string& stage, int64_t epoch,
                                 int64_t rows);

struct OrderOptions {
  int64_t batch_size = 1;
  bool shuffle = true;
  bool drop_last = false;     // leave out an epoch's last batch when it is not full
  int64_t length_window = 0;  // batches: inside each so long stretch of the shuffled order, rows
                              // are sorted by length before they are cut into batches; 0: never
};

// The batches of all steps. Keeps the present epoch's order, so that steps in sequence cost
// nothing. Not thread-safe. [train]
class BatchOrder {
 public:
  // `lengths` has one entry a row, and is used by length_window only. Throws kd::Error(kData) when
  // there is no full batch to be had.
  BatchOrder(uint64_t seed, std::string stage, std::vector<int64_t> lengths, OrderOptions options);

  int64_t steps_per_epoch() const { return steps_per_epoch_; }
  // Rows of the step, counted from 0 over all epochs. Only an epoch's last batch may be smaller
  // than batch_size.
  const std::vector<int64_t>& batch(int64_t step);

 private:
  void prepare(int64_t epoch);

  uint64_t seed_;
  std::string stage_;
  std::vector<int64_t> lengths_;
  OrderOptions options_;
  int64_t steps_per_epoch_ = 0;
  int64_t epoch_ = -1;
  std::vector<std::vector<int64_t>> batches_;  // of epoch_
};

}  // namespace kd::core
