// Finding the answer in what a model wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace kd::math {

// The text of the answer, looked for after the last </think>:
//   the last \boxed{…} or \fbox{…}, braces counted (an unclosed one: no answer at all);
//   else what follows the last "final answer is", "answer is", "answer:" or "####" up to the end of
//   its sentence or line;
//   else what follows the last "=" when nothing but a number comes after it;
//   else the whole text when it is nothing but a value;
//   else, when `lenient`, the last number.
std::optional<std::string> extract_answer(std::string_view text, bool lenient);

// The content of the last \boxed{…} or \fbox{…}. `unclosed` tells an unbalanced one from none.
std::optional<std::string> last_boxed(std::string_view text, bool& unclosed);

}  // namespace kd::math
