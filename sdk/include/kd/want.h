// A want names one output of one model: [side.]role[@view].output
//   student.logits   teacher@privileged.logits   chosen.student.logits   student.hidden.6
#pragma once

#include <string>
#include <string_view>

namespace kd {

struct Want {
  std::string side;    // "chosen" or "rejected" for preference pairs, else empty
  std::string role;    // "student", "teacher", "reference", …
  std::string view;    // another input for the same target, usually empty
  std::string output;  // "logits", "hidden.0", "attention.3", …

  // Throws kd::Error(kPlugin) with the grammar when the text is no want.
  static Want parse(std::string_view text);
  std::string str() const;
};

// "chosen." + name for a side, name alone without one.
std::string side_name(std::string_view side, std::string_view name);

}  // namespace kd
