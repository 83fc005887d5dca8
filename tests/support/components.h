// Makes a plugin's components in a test that links its objects, with the checks a recipe gets.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "kd/error.h"
#include "kd/plugin.h"

extern "C" int kd_plugin_register(kd::Registrar& registrar) noexcept;

namespace kd::test {

class PluginComponents : public Registrar {
 public:
  PluginComponents() {
    if (kd_plugin_register(*this) != 0) {
      throw Error(ErrorCode::kPlugin, take_registration_error());
    }
  }

  void add_component(ComponentInfo info, Factory factory) override {
    const std::string key = info.kind + "." + info.name;
    components_.emplace(key, std::make_pair(std::move(info), std::move(factory)));
  }

  const ComponentInfo& info(const std::string& kind, const std::string& name) const {
    return components_.at(kind + "." + name).first;
  }

  // `given` as a recipe writes it.
  template <typename Interface>
  std::shared_ptr<Interface> make(const std::string& name, const Value::Map& given = {}) const {
    const std::string key = std::string(Interface::kKind) + "." + name;
    const auto& [info, factory] = components_.at(key);
    const CreateContext context{RandomStream(StreamKey{1, "test", "init", 0, 0})};
    return std::static_pointer_cast<Interface>(
        factory(info.schema.resolve_or_throw(given, key), context));
  }

 private:
  std::map<std::string, std::pair<ComponentInfo, Factory>> components_;
};

// A component as the value of another one's parameter.
template <typename Interface>
Value as_parameter(std::shared_ptr<Interface> instance) {
  return Value(std::make_shared<const InstanceObject>(Interface::kKind, std::move(instance)));
}

}  // namespace kd::test
