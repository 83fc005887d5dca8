#include "kd/want.h"

#include "kd/error.h"

namespace kd {
namespace {

constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";
constexpr std::string_view kDigits = "0123456789";

[[noreturn]] void refuse(std::string_view text) {
  throw Error(ErrorCode::kPlugin, cat("'", text, "' is not a want"),
              "a want is [chosen.|rejected.]role[@view].output, such as student.logits, "
              "teacher@privileged.hidden.6 or chosen.reference.logits");
}

bool is_one_of(char c, std::string_view letters) { return letters.find(c) != letters.npos; }

bool is_identifier(std::string_view text) {
  if (text.empty() || !is_one_of(text[0], kLetters)) return false;
  for (const char c : text) {
    if (!is_one_of(c, kLetters) && !is_one_of(c, kDigits)) return false;
  }
  return true;
}

// Names and numbers separated by dots: "hidden.6", "model.layers.0.self_attn".
bool is_output(std::string_view text) {
  bool segment_open = false;
  for (const char c : text) {
    const bool dot = c == '.';
    if (dot ? !segment_open : !is_one_of(c, kLetters) && !is_one_of(c, kDigits) && c != '-') {
      return false;
    }
    segment_open = !dot;
  }
  return segment_open;
}

}  // namespace

Want Want::parse(std::string_view text) {
  Want want;
  std::string_view rest = text;
  for (const std::string_view side : {"chosen.", "rejected."}) {
    if (rest.substr(0, side.size()) != side) continue;
    want.side = side.substr(0, side.size() - 1);
    rest.remove_prefix(side.size());
    break;
  }
  const auto dot = rest.find('.');
  if (dot == std::string_view::npos) refuse(text);
  std::string_view role = rest.substr(0, dot);
  want.output = rest.substr(dot + 1);
  const auto at = role.find('@');
  if (at != std::string_view::npos) {
    want.view = role.substr(at + 1);
    role = role.substr(0, at);
    if (!is_identifier(want.view)) refuse(text);
  }
  want.role = role;
  if (!is_identifier(role) || !is_output(want.output)) refuse(text);
  return want;
}

std::string Want::str() const {
  return side_name(side, cat(role, view.empty() ? "" : "@", view, ".", output));
}

std::string side_name(std::string_view side, std::string_view name) {
  return side.empty() ? std::string(name) : cat(side, ".", name);
}

}  // namespace kd
