// How a plugin introduces itself.
//
//   namespace { void register_all(kd::Registrar& r) {
//     r.add<kd::Objective, RediParams>("redi", "likelihood up for right traces, down for wrong",
//         [](const RediParams& p, const kd::CreateContext&) { return std::make_shared<Redi>(p); });
//   } }
//   KD_PLUGIN("redi", "0.1.0", register_all)
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kd/abi.h"
#include "kd/params.h"
#include "kd/random.h"
#include "kd/value.h"

namespace kd {

// What the host tells a component that is being made.
struct CreateContext {
  RandomStream random;  // for initial weights; keyed by run seed and stage
  c10::Device device = c10::Device(c10::kCPU);
  c10::ScalarType dtype = c10::ScalarType::Float;
};

using Factory =
    std::function<std::shared_ptr<void>(const Value::Map& params, const CreateContext& context)>;

// What the host knows of a component without making one.
struct ComponentInfo {
  std::string kind;     // Interface::kKind: "objective", "model", "data", …
  std::string name;     // as recipes write it: kd.<kind>.<name>
  std::string summary;  // one line
  Schema schema;
  std::vector<std::string> splits;  // data sources: the splits they offer
};

// Collects what a plugin brings. Names are unique within a kind over all plugins. [main]
class Registrar {
 public:
  virtual ~Registrar();

  // Interface: Objective, Model, DataSource, Tokenizer, Verifier, Metric. `create` takes
  // (const P&, const CreateContext&) and returns a shared_ptr or unique_ptr to an Interface.
  template <typename Interface, typename P, typename Create>
  void add(std::string name, std::string summary, Create create,
           std::vector<std::string> splits = {}) {
    auto declared = std::make_shared<const Params<P>>(P::params());
    ComponentInfo info{Interface::kKind, std::move(name), std::move(summary), declared->schema(),
                       std::move(splits)};
    add_component(std::move(info), [declared, create = std::move(create)](
                                       const Value::Map& params, const CreateContext& context) {
      std::shared_ptr<Interface> made = create(declared->parse(params), context);
      return std::static_pointer_cast<void>(std::move(made));
    });
  }

  virtual void add_component(ComponentInfo info, Factory factory) = 0;
};

// Runs `fill` and turns whatever it throws into a text for the host. Returns 0 on success.
int guarded_registration(Registrar& registrar, void (*fill)(Registrar&),
                         void (*report)(const char* text)) noexcept;
// Keeps the last registration error of this thread, for the host to read.
void set_registration_error(const char* text) noexcept;
std::string take_registration_error();

}  // namespace kd

// Exports the plugin's two symbols. `fill` is a function void(kd::Registrar&); it may throw.
#define KD_PLUGIN(plugin_name, plugin_version, fill)                               \
  KD_ABI_TAG(plugin_name, plugin_version)                                          \
  extern "C" __attribute__((visibility("default"))) int kd_plugin_register(        \
      kd::Registrar& registrar) noexcept {                                         \
    return kd::guarded_registration(registrar, fill, &kd::set_registration_error); \
  }
