#include "core/evaluate/evaluate_stage.h"
#include "core/generate/generate_stage.h"
#include "core/pipeline/stage.h"
#include "core/train/train_stage.h"
#include "core/transform/transform_stage.h"

namespace kd::core {

std::vector<std::unique_ptr<Stage>> builtin_stages() {
  std::vector<std::unique_ptr<Stage>> stages;
  stages.push_back(make_train_stage());
  stages.push_back(make_generate_stage());
  stages.push_back(make_transform_stage());
  stages.push_back(make_evaluate_stage());
  return stages;
}

}  // namespace kd::core
