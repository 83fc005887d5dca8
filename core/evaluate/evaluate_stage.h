// kd.evaluate "name" { models = { a = …, b = … }, data = …, metric = kd.metric.… {} }
#pragma once

#include <memory>

#include "core/pipeline/stage.h"

namespace kd::core {

std::unique_ptr<Stage> make_evaluate_stage();

}  // namespace kd::core
