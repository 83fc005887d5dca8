// Taps: any module's value can be observed, replaced, resumed from or stopped at, by its path.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "kd/tensors.h"

namespace kd {

// What one forward does at which paths, and what it saw there. One object a forward. [train]
class TapTable {
 public:
  std::set<std::string, std::less<>> observe;  // paths whose values are kept
  TensorMap replace;     // by path: this value is used and the module does not run
  std::string start_at;  // nothing before this path runs; its value is in `replace`
  std::string stop_at;   // nothing after this path runs

  bool empty() const {
    return observe.empty() && replace.empty() && start_at.empty() && stop_at.empty();
  }
  // Whether the value at `path` itself is looked at or replaced.
  bool touches(std::string_view path) const;
  // Whether anything strictly inside `path` is.
  bool touches_inside(std::string_view path) const;

  // Values of observed paths, complete once run() has returned.
  const TensorMap& seen() const { return seen_; }

  // Runs a forward up to its end or to stop_at. Throws kd::Error(kPlugin) for an observed path
  // that was not reached.
  void run(const std::function<void()>& forward);

  // For Module::tap. The value to use in place of running the module: a replacement, or an
  // undefined tensor for what lies before start_at.
  std::optional<at::Tensor> enter(std::string_view path);
  // Notes the value of a module that ran; does not return at stop_at.
  void leave(std::string_view path, const at::Tensor& value);

 private:
  bool started_ = false;
  TensorMap seen_;
};

// What a forward hands down to every module. Passing it costs nothing where no tap is set.
struct ForwardContext {
  bool training = false;     // dropout and the like
  TapTable* taps = nullptr;  // null: no tap is set
};

}  // namespace kd
