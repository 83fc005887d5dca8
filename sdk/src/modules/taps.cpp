#include "kd/taps.h"

#include <vector>

#include "kd/error.h"

namespace kd {
namespace {

// Leaves a forward in the middle, from whatever depth stop_at lies at.
struct StopForward {};

bool is_inside(std::string_view path, std::string_view outer) {
  if (outer.empty()) return !path.empty();
  return path.size() > outer.size() && path[outer.size()] == '.' && path.starts_with(outer);
}

}  // namespace

bool TapTable::touches(std::string_view path) const {
  return observe.contains(path) || replace.contains(path) || start_at == path || stop_at == path;
}

bool TapTable::touches_inside(std::string_view path) const {
  // Sorted keys keep everything inside `path` together, right after "path.".
  const std::string first = std::string(path) + '.';
  const auto seen = observe.lower_bound(first);
  if (seen != observe.end() && is_inside(*seen, path)) return true;
  const auto given = replace.lower_bound(first);
  if (given != replace.end() && is_inside(given->first, path)) return true;
  return is_inside(start_at, path) || is_inside(stop_at, path);
}

void TapTable::run(const std::function<void()>& forward) {
  seen_.clear();
  started_ = start_at.empty();
  try {
    forward();
  } catch (const StopForward&) {
    // stop_at was reached: what was seen so far is the result.
  }
  std::vector<std::string> unreached;
  for (const auto& path : observe) {
    if (!seen_.contains(path)) unreached.push_back(path);
  }
  if (unreached.empty()) return;
  throw Error(ErrorCode::kPlugin,
              cat("this forward does not compute ", join(unreached),
                  start_at.empty() ? "" : ", it starts at " + start_at,
                  stop_at.empty() ? "" : ", it stops at " + stop_at),
              "want paths that lie between start_at and stop_at, outside of replaced modules");
}

std::optional<at::Tensor> TapTable::enter(std::string_view path) {
  if (!started_) {
    if (is_inside(start_at, path)) return std::nullopt;
    if (start_at != path) return at::Tensor();
    started_ = true;
  }
  const auto given = replace.find(path);
  if (given == replace.end()) return std::nullopt;
  leave(path, given->second);
  return given->second;
}

void TapTable::leave(std::string_view path, const at::Tensor& value) {
  if (observe.contains(path)) seen_.insert_or_assign(std::string(path), value);
  if (stop_at == path) throw StopForward{};
}

}  // namespace kd
