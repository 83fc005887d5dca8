// The training loop: updates of one student on one encoded dataset.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/data/encode.h"
#include "core/data/order.h"
#include "core/pipeline/stage.h"
#include "core/train/loss.h"
#include "core/train/optimizer.h"
#include "core/train/roles.h"
#include "core/train/step_metrics.h"
#include "core/train/train_params.h"

namespace kd::core {

// What a train stage has prepared for the loop.
struct TrainSetup {
  TrainParams params;
  EncodedDataset data;
  Roles roles;  // "student" is the trained one
  std::vector<WeightedObjective> objectives;
};

struct TrainSummary {
  int64_t steps = 0;
  int64_t tokens = 0;  // real tokens that went through the student
  double first_loss = 0;
  double last_loss = 0;  // of the last update
  double seconds = 0;
};

// L = Σ_k c_k·S_k/Z_k with Z_k counted over the whole update before its first forward, so that
// micro-batches change nothing but rounding. [train]
class Trainer {
 public:
  Trainer(TrainSetup setup, StageContext& context);
  TrainSummary run();

 private:
  struct Piece {  // a micro-batch
    TensorMap columns;
    int64_t tokens = 0;
  };
  std::vector<Piece> pieces(const std::vector<int64_t>& rows) const;
  // Forward and backward of all micro-batches; returns the update's metrics.
  StepMetrics accumulate(const std::vector<Piece>& pieces, int64_t step);
  void check_gradients_exist() const;
  // Clips to the norm and returns the norm before clipping; refuses non-finite gradients.
  double clip(int64_t step);
  void clear_gradients();
  void log_step(int64_t step, const StepMetrics& metrics, double norm, double scale,
                int64_t tokens);

  TrainSetup setup_;
  StageContext& context_;
  BatchOrder order_;
  int64_t total_steps_ = 0;
  std::vector<LossTerm> terms_;
  std::vector<Want> wants_;
  std::vector<NamedTensor> parameters_;
};

}  // namespace kd::core
