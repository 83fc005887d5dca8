// kd.transform "name" { data, kd.verify.math {}, function(row) … end }
#pragma once

#include <memory>

#include "core/pipeline/stage.h"

namespace kd::core {

std::unique_ptr<Stage> make_transform_stage();

}  // namespace kd::core
