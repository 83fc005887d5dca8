// --set name=value on the command line, as a component's table.
#pragma once

#include <string>
#include <vector>

#include "kd/value.h"

namespace kd::core {

// "alpha=0.5", "config.layers=2", "betas=[0.9, 0.95]", "path=/models/x": dots make nested tables;
// values are JSON where they parse as such, text otherwise. kd::Error(kUsage) without '='.
Value::Map parse_settings(const std::vector<std::string>& settings);

}  // namespace kd::core
