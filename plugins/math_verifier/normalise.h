// Taking the dressing off an answer.
#pragma once

#include <string>
#include <string_view>

namespace kd::math {

// Without $, \left, \right, thin spaces, \text{…} around words, \dfrac's d, degree signs, units
// after a number, quotes and a final full stop; runs of space become one.
std::string normalise(std::string_view text);

// Whether { and } match, escaped ones apart.
bool braces_match(std::string_view text);

}  // namespace kd::math
