#include "kd/module.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>

#include "kd/error.h"

namespace kd {

Module::~Module() = default;

std::string Module::inner_path(std::string_view name) const {
  return path_.empty() ? std::string(name) : cat(path_, ".", name);
}

void Module::set_path(std::string path) {
  path_ = std::move(path);
  for (const Child& child : children_) child.module->set_path(inner_path(child.name));
}

void Module::add_parameter(std::string name, at::Tensor& tensor) {
  parameters_.push_back({std::move(name), &tensor});
}

void Module::add_child(std::string name, Module& child) {
  child.set_path(inner_path(name));
  children_.push_back({std::move(name), &child});
}

void Module::add_tap(std::string name) { taps_.push_back(std::move(name)); }

std::vector<NamedTensor> Module::named_parameters() const {
  std::vector<NamedTensor> all;
  for (const Parameter& parameter : parameters_) {
    if (!parameter.tensor->defined()) continue;
    all.push_back({inner_path(parameter.name), *parameter.tensor, true});
  }
  for (const Child& child : children_) {
    auto inner = child.module->named_parameters();
    std::move(inner.begin(), inner.end(), std::back_inserter(all));
  }
  return all;
}

int64_t Module::parameter_count() const {
  int64_t count = 0;
  for (const NamedTensor& parameter : named_parameters()) count += parameter.tensor.numel();
  return count;
}

std::vector<std::string> Module::tap_paths() const {
  std::vector<std::string> paths;
  if (!path_.empty() && !group_) paths.push_back(path_);
  for (const std::string& name : taps_) paths.push_back(inner_path(name));
  for (const Child& child : children_) {
    auto inner = child.module->tap_paths();
    std::move(inner.begin(), inner.end(), std::back_inserter(paths));
  }
  return paths;
}

void Module::collect_starts(std::vector<std::string>& out) const {
  if (!path_.empty() && !group_) out.push_back(path_);
  if (!chain_) return;
  for (const Child& child : children_) child.module->collect_starts(out);
}

std::vector<std::string> Module::start_paths() const {
  std::vector<std::string> paths;
  collect_starts(paths);
  return paths;
}

void Module::check_taps(const TapTable& taps) const {
  const std::vector<std::string> known = tap_paths();
  const auto check = [](const std::string& path, const std::vector<std::string>& valid,
                        std::string_view what) {
    if (std::find(valid.begin(), valid.end(), path) != valid.end()) return;
    throw Error(ErrorCode::kPlugin, cat(what, " '", path, "'"), did_you_mean(path, valid));
  };
  for (const std::string& path : taps.observe) check(path, known, "no such output");
  for (const auto& [path, value] : taps.replace) check(path, known, "cannot replace");
  if (!taps.stop_at.empty()) check(taps.stop_at, known, "cannot stop at");
  if (taps.start_at.empty()) return;
  check(taps.start_at, start_paths(), "cannot start at");
  if (!taps.replace.contains(taps.start_at)) {
    throw Error(ErrorCode::kPlugin, cat("starting at '", taps.start_at, "' needs its value"),
                cat("put a tensor under '", taps.start_at, "' into `replace`"));
  }
}

void Module::set_requires_grad(bool required) {
  for (const NamedTensor& parameter : named_parameters()) {
    parameter.tensor.set_requires_grad(required);
  }
}

void Module::to(c10::Device device, c10::ScalarType dtype) {
  const at::NoGradGuard no_grad;
  for (const NamedTensor& parameter : named_parameters()) {
    parameter.tensor.set_data(parameter.tensor.to(device, dtype));
  }
}

bool Module::tapped(const ForwardContext& context, std::string_view name) const {
  if (context.taps == nullptr) return false;
  const std::string path = inner_path(name);
  return context.taps->touches(path) || context.taps->touches_inside(path);
}

}  // namespace kd
