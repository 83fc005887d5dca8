// What a recipe says about a train stage.
#pragma once

#include <memory>
#include <string>

#include "core/recipe/handles.h"
#include "core/train/optimizer.h"
#include "kd/params.h"

namespace kd::core {

struct TrainParams {
  ModelRef student;
  std::shared_ptr<const DatasetHandle> data;
  std::shared_ptr<const ObjectiveHandle> objective;
  Ref<Optimizer> optimizer;
  Schedule schedule = 1.0;
  int64_t epochs = 1;
  int64_t steps = 0;
  int64_t batch = 32;
  int64_t micro_batch = 0;
  int64_t max_length = 1024;
  int64_t length_window = 0;
  double clip_norm = 1.0;
  bool shuffle = true;
  int64_t log_every = 20;
  int64_t seed = 0;

  static Params<TrainParams> params() {
    using T = TrainParams;
    Params<T> p;
    p.add("student", &T::student, "the model to train; the stage returns a trained copy")
        .required();
    p.add("data", &T::data, "rows to train on").required();
    p.add("objective", &T::objective, "what to minimise").required();
    p.add("optimizer", &T::optimizer, "how to update").required();
    p.add("schedule", &T::schedule, "multiplies the learning rate");
    p.add("epochs", &T::epochs, "passes over the data").at_least(1);
    p.add("steps", &T::steps, "updates, in place of epochs; 0: by epochs").at_least(0);
    p.add("batch", &T::batch, "rows (or pairs) of one update").at_least(1);
    p.add("micro_batch", &T::micro_batch, "rows of one forward; 0: the whole batch").at_least(0);
    p.add("max_length", &T::max_length, "longer rows lose their end").at_least(2).unit("tokens");
    p.add("length_window", &T::length_window,
          "batches within which rows are sorted by length, to save padding; 0: never")
        .at_least(0);
    p.add("clip_norm", &T::clip_norm, "largest norm of the gradient; 0: no clipping").at_least(0);
    p.add("shuffle", &T::shuffle, "another order of the rows in every epoch");
    p.add("log_every", &T::log_every, "updates between two lines of metrics.jsonl").at_least(1);
    p.add("seed", &T::seed, "another number gives another order of the rows");
    return p;
  }
};

}  // namespace kd::core
