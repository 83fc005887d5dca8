// The base of layers: named parameters, children, and a tap at every call.
//
//   class Mlp : public kd::Module {
//    public:
//     explicit Mlp(...) : up_(...), down_(...) { add_child("up", up_); add_child("down", down_); }
//     at::Tensor operator()(const at::Tensor& x, kd::ForwardContext& context) const {
//       return tap(context, [&] { return down_(at::relu(up_(x, context)), context); });
//     }
//    private:
//     kd::Linear up_, down_;
//   };
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kd/model.h"
#include "kd/taps.h"

namespace kd {

// A part of a model. Parameters and children are members of the derived class, registered in its
// constructor under one name each; a child's path is its parent's path, a dot, and its name
// ("layers.3.attention.q"). Modules neither move nor copy, because parents refer to them.
class Module {
 public:
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;
  virtual ~Module();

  // Empty for the outermost module.
  const std::string& path() const { return path_; }

  // All parameters inside, by path, in the order of registration. The tensors are the module's
  // own: writing into one changes the module.
  std::vector<NamedTensor> named_parameters() const;
  int64_t parameter_count() const;

  // All paths that can be observed and replaced: modules and the extra taps they declare.
  std::vector<std::string> tap_paths() const;
  // Paths a forward can start at: those whose value is all that the rest of the forward needs.
  std::vector<std::string> start_paths() const;
  // Throws kd::Error(kPlugin) with "did you mean" unless every path of `taps` exists in here,
  // start_at is one of start_paths() and has a value in `replace`.
  void check_taps(const TapTable& taps) const;

  // Switches gradients of all parameters; models that are only used can save the graph.
  void set_requires_grad(bool required);
  // Moves and converts the parameters, which stay the same tensors for whoever holds them.
  void to(c10::Device device, c10::ScalarType dtype);

 protected:
  Module() = default;

  // `tensor` is a member. Undefined tensors may be registered and stay unlisted.
  void add_parameter(std::string name, at::Tensor& tensor);
  void add_child(std::string name, Module& child);
  // Declares a value inside this module that is no module's: "map" is tapped as path() + ".map".
  void add_tap(std::string name);
  // Declares that this module hands each child's value to the next child and to nothing else, so
  // that a forward can start at any of them. Its code must pass undefined tensors on.
  void declare_chain() { chain_ = true; }
  // Declares that this module only groups children and is never called, so that it has no tap.
  void declare_group() { group_ = true; }

  // Runs `run` (returning a tensor) unless a tap says otherwise, and shows the value to the taps.
  template <typename Run>
  at::Tensor tap(ForwardContext& context, Run&& run) const {
    if (context.taps == nullptr) return std::forward<Run>(run)();
    return tap_at(*context.taps, path_, std::forward<Run>(run));
  }
  // The same for a tap declared with add_tap.
  template <typename Run>
  at::Tensor tap(ForwardContext& context, std::string_view name, Run&& run) const {
    if (context.taps == nullptr) return std::forward<Run>(run)();
    return tap_at(*context.taps, inner_path(name), std::forward<Run>(run));
  }
  // Whether somebody looks at, or replaces, the tap `name` or anything inside child `name`.
  bool tapped(const ForwardContext& context, std::string_view name) const;
  // Whether somebody looks at, or replaces, anything inside this module.
  bool tapped_inside(const ForwardContext& context) const {
    return context.taps != nullptr && context.taps->touches_inside(path_);
  }

 private:
  struct Child {
    std::string name;
    Module* module;
  };
  struct Parameter {
    std::string name;
    at::Tensor* tensor;
  };

  template <typename Run>
  static at::Tensor tap_at(TapTable& taps, std::string_view path, Run&& run) {
    if (std::optional<at::Tensor> given = taps.enter(path)) return *std::move(given);
    at::Tensor value = std::forward<Run>(run)();
    taps.leave(path, value);
    return value;
  }
  std::string inner_path(std::string_view name) const;
  void set_path(std::string path);
  void collect_starts(std::vector<std::string>& out) const;

  std::string path_;
  bool chain_ = false;
  bool group_ = false;
  std::vector<Child> children_;
  std::vector<Parameter> parameters_;
  std::vector<std::string> taps_;
};

// Copies `tensors` into `parameters` by name, converting dtype and device. Throws
// kd::Error(kCheckpoint) that names all missing, extra and misshaped tensors; then nothing has
// been copied. `where` is the file or folder, `may_ignore` says which extra names are fine.
void load_tensors(std::span<const NamedTensor> parameters, const TensorMap& tensors,
                  std::string_view where,
                  const std::function<bool(std::string_view)>& may_ignore = {});

}  // namespace kd
