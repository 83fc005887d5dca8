// kdrun probe: one component, given tensors in, tensors out.
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "core/plugin/registry.h"
#include "core/probe/model_probe.h"
#include "core/probe/objective_probe.h"
#include "core/probe/settings.h"
#include "core/train/engine_components.h"
#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"
#include "tools/cli/commands.h"

namespace kd::cli {
namespace {

struct ProbeOptions {
  std::string role;
  std::string name;
  std::vector<std::string> settings;
  std::string in;
  std::string out;
  std::string wants;
  bool describe = false;
  uint64_t seed = 0;
};

std::vector<std::string> split_commas(const std::string& text) {
  std::vector<std::string> out;
  std::string word;
  for (const char c : text + ",") {
    if (c != ',') {
      word += c;
    } else if (!word.empty()) {
      out.push_back(word);
      word.clear();
    }
  }
  return out;
}

void add_common(CLI::App& command, ProbeOptions& options) {
  command.add_option("--set", options.settings, "parameter: name=value (repeat; a.b=… nests)");
  command.add_option("--in", options.in, "input tensors, a .safetensors file");
  command.add_option("--out", options.out, "where to write the results, a .safetensors file");
  command.add_flag("--describe", options.describe,
                   "print what it reads, returns and can be set to, as JSON");
}

void require_files(const ProbeOptions& options) {
  if (options.in.empty() || options.out.empty()) {
    throw Error(ErrorCode::kUsage, "a probe needs --in FILE and --out FILE",
                "or --describe to see what the input holds");
  }
}

void print(const Value& value) { std::printf("%s\n", to_json(value, 2).c_str()); }

int probe_objective_command(const ProbeOptions& options) {
  core::Registry registry(core::default_plugin_path());
  core::register_engine_components(registry.builtins());
  const Value::Map settings = core::parse_settings(options.settings);
  if (options.describe) {
    print(core::describe_objective_probe(registry, options.name, settings));
    return 0;
  }
  require_files(options);
  const TensorMap inputs = read_safetensors(options.in).tensors;
  write_safetensors(options.out, core::probe_objective(registry, options.name, settings, inputs));
  return 0;
}

int probe_model_command(const ProbeOptions& options) {
  core::Registry registry(core::default_plugin_path());
  core::register_engine_components(registry.builtins());
  const core::ModelProbe probe{options.role, options.name, core::parse_settings(options.settings),
                               split_commas(options.wants), options.seed};
  if (options.describe) {
    print(core::describe_model_probe(registry, probe));
    return 0;
  }
  require_files(options);
  const TensorMap inputs = read_safetensors(options.in).tensors;
  write_safetensors(options.out, core::probe_model(registry, probe, inputs));
  return 0;
}

}  // namespace

void add_probe_commands(CLI::App& app, Action& action) {
  CLI::App* probe = app.add_subcommand("probe", "run one component on given tensors");
  probe->require_subcommand(1);

  auto objective_options = std::make_shared<ProbeOptions>();
  CLI::App* objective = probe->add_subcommand(
      "objective",
      "loss, sums, counts and gradients of an objective. Inputs: student.logits [B,T,V], "
      "teacher.logits, labels [B,T] (-100: not counted); for pairs chosen.student.logits, "
      "chosen.labels, rejected.…, chosen.reference.logits. Outputs: loss, sum.<term>, "
      "count.<term>, grad.<input>");
  objective->add_option("name", objective_options->name, "the objective: kl, redi, …")->required();
  add_common(*objective, *objective_options);
  objective->callback([objective_options, &action] {
    action = [objective_options] { return probe_objective_command(*objective_options); };
  });

  auto model_options = std::make_shared<ProbeOptions>();
  CLI::App* model = probe->add_subcommand(
      "model",
      "one forward of a model. Inputs: input_ids [B,T], attention_mask [B,T], optionally "
      "labels [B,T] (aligned) for the loss");
  model->add_option("role", model_options->role, "teacher or student")
      ->required()
      ->check(CLI::IsMember({"teacher", "student"}));
  model->add_option("name", model_options->name, "the model: causal_lm, …")->required();
  add_common(*model, *model_options);
  model
      ->add_option("--want", model_options->wants,
                   "outputs, comma-separated: logits,hidden.0,loss,grad.<parameter>")
      ->default_val("logits");
  model->add_option("--seed", model_options->seed, "seed of fresh weights");
  model->callback([model_options, &action] {
    action = [model_options] { return probe_model_command(*model_options); };
  });
}

}  // namespace kd::cli
