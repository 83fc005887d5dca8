// kd.generate "name" { model = …, prompts = …, samples = 4, temperature = 1 }
#pragma once

#include <memory>

#include "core/pipeline/stage.h"

namespace kd::core {

std::unique_ptr<Stage> make_generate_stage();

}  // namespace kd::core
