// kd.train "name" { student = …, data = …, objective = …, optimizer = …, … }
#pragma once

#include <memory>

#include "core/pipeline/stage.h"

namespace kd::core {

std::unique_ptr<Stage> make_train_stage();

}  // namespace kd::core
