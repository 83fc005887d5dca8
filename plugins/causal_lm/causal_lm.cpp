#include "causal_lm.h"

#include <ATen/core/grad_mode.h>
#include <ATen/ops/linear.h>

#include <charconv>
#include <optional>

#include "checkpoint.h"
#include "initial_weights.h"
#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"

namespace causal_lm {
namespace {

using kd::cat;
using kd::Error;
using kd::ErrorCode;

// Parameters take no gradient while this lives: what depends on replaced values still does.
class FrozenParameters {
 public:
  explicit FrozenParameters(std::vector<kd::NamedTensor> parameters) {
    for (kd::NamedTensor& parameter : parameters) {
      if (!parameter.tensor.requires_grad()) continue;
      parameter.tensor.set_requires_grad(false);
      frozen_.push_back(parameter.tensor);
    }
  }
  ~FrozenParameters() {
    for (const at::Tensor& tensor : frozen_) tensor.set_requires_grad(true);
  }
  FrozenParameters(const FrozenParameters&) = delete;
  FrozenParameters& operator=(const FrozenParameters&) = delete;

 private:
  std::vector<at::Tensor> frozen_;
};

// The number behind `prefix` ("hidden.12"), if that is what `name` is.
std::optional<int64_t> index_after(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  int64_t index = 0;
  const char* end = name.data() + name.size();
  const auto [rest, error] = std::from_chars(name.data() + prefix.size(), end, index);
  if (error != std::errc() || rest != end || index < 0) return std::nullopt;
  return index;
}

at::Tensor optional_tensor(const kd::TensorMap& tensors, std::string_view name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? at::Tensor() : found->second;
}

void check_inputs(const at::Tensor& ids, const at::Tensor& mask) {
  kd::require_rank(ids, 2, "input_ids", "[B, T]");
  if (ids.scalar_type() != at::kLong) {
    throw Error(ErrorCode::kPlugin,
                cat("input_ids: expected int64, got ", kd::describe_tensor(ids)));
  }
  if (mask.defined() && mask.sizes() != ids.sizes()) {
    throw Error(ErrorCode::kPlugin, cat("attention_mask ", kd::describe_tensor(mask),
                                        " does not fit input_ids ", kd::describe_tensor(ids)));
  }
}

const char* dtype_name(c10::ScalarType dtype) {
  switch (dtype) {
    case at::kBFloat16:
      return "bfloat16";
    case at::kHalf:
      return "float16";
    case at::kDouble:
      return "float64";
    default:
      return "float32";
  }
}

}  // namespace

CausalLm::CausalLm(const HfConfig& config, const kd::CreateContext& context,
                   std::shared_ptr<const kd::Tokenizer> tokenizer)
    : family_(family_of(config)),
      config_(complete(family_, config)),
      decoder_(decoder_config(family_, config_),
               c10::TensorOptions().device(context.device).dtype(context.dtype)),
      tokenizer_(std::move(tokenizer)) {
  const int64_t vocabulary = decoder_.config().vocabulary;
  if (tokenizer_ == nullptr || tokenizer_->vocabulary() <= vocabulary) return;
  throw Error(
      ErrorCode::kUsage,
      cat("the tokenizer has ", tokenizer_->vocabulary(), " tokens, the model ", vocabulary),
      "use the model's own tokenizer, or leave vocab_size at 0", config_.where());
}

std::vector<kd::NamedTensor> CausalLm::file_parameters() const {
  std::vector<kd::NamedTensor> all = decoder_.named_parameters();
  for (kd::NamedTensor& parameter : all) parameter.name = file_name(parameter.name);
  return all;
}

std::vector<kd::NamedTensor> CausalLm::parameters() { return file_parameters(); }

void CausalLm::load(const std::filesystem::path& folder) {
  const kd::TensorMap tensors = read_weights(folder);
  require_finite(tensors, folder);
  const bool tied = decoder_.config().tied_head;
  kd::load_tensors(file_parameters(), tensors, folder.string(), [tied](std::string_view name) {
    // Both repeat what the model has anyway.
    return (tied && name == "lm_head.weight") || name.ends_with(".rotary_emb.inv_freq");
  });
}

void CausalLm::initialise(const kd::RandomStream& random) {
  fill_initial_weights(decoder_, random);
}

std::string CausalLm::tap_path(const std::string& want) const {
  const auto layers = static_cast<int64_t>(decoder_.config().layers.size());
  if (const auto index = index_after(want, "hidden."); index && *index <= layers) {
    if (*index == 0) return "embed";
    return *index == layers ? "norm" : cat("layers.", *index - 1);
  }
  if (const auto index = index_after(want, "attention."); index && *index < layers) {
    return cat("layers.", *index, ".attention.map");
  }
  return want;
}

std::vector<std::string> CausalLm::output_names() const {
  std::vector<std::string> names{"logits"};
  const size_t layers = decoder_.config().layers.size();
  for (size_t i = 0; i <= layers; ++i) names.push_back(cat("hidden.", i));
  for (size_t i = 0; i < layers; ++i) names.push_back(cat("attention.", i));
  for (std::string& path : decoder_.tap_paths()) names.push_back(std::move(path));
  return names;
}

kd::TapTable CausalLm::make_taps(const std::vector<std::string>& wants,
                                 const kd::ForwardOptions& options) const {
  kd::TapTable taps;
  for (const std::string& want : wants) {
    if (want != "logits") taps.observe.insert(tap_path(want));
  }
  for (const auto& [name, value] : options.replace) taps.replace[tap_path(name)] = value;
  if (!options.start_at.empty()) taps.start_at = tap_path(options.start_at);
  if (!options.stop_at.empty()) taps.stop_at = tap_path(options.stop_at);
  if (!taps.empty()) decoder_.check_taps(taps);
  return taps;
}

kd::Outputs CausalLm::forward(const kd::TensorMap& inputs, const std::vector<std::string>& wants,
                              const kd::ForwardOptions& options) {
  kd::TapTable taps = make_taps(wants, options);
  const at::Tensor mask = optional_tensor(inputs, "attention_mask");
  at::Tensor ids = optional_tensor(inputs, "input_ids");
  if (ids.defined() || taps.start_at.empty()) {
    check_inputs(kd::require_tensor(inputs, "input_ids"), mask);
  }
  std::optional<FrozenParameters> frozen;
  if (options.grad == kd::Grad::kInputs) frozen.emplace(decoder_.named_parameters());
  const at::AutoGradMode grad(options.grad != kd::Grad::kNone);
  kd::ForwardContext context{options.training, taps.empty() ? nullptr : &taps};
  at::Tensor hidden;  // [B, T, H]
  taps.run([&] { hidden = decoder_(ids, mask, context); });

  kd::Outputs out;
  for (const std::string& want : wants) {
    if (want != "logits") {
      out.tensors[want] = taps.seen().find(tap_path(want))->second;
    } else if (hidden.defined()) {
      out.logits.hidden = hidden.flatten(0, 1);
      // The caller makes the product, so that the guards above do not reach the head.
      const at::Tensor& head = decoder_.head_weight();
      out.logits.head = options.grad == kd::Grad::kAll ? head : head.detach();
    } else {
      throw Error(ErrorCode::kPlugin, cat("no logits when stopping at ", options.stop_at));
    }
  }
  return out;
}

kd::ModelDescription CausalLm::describe() const {
  kd::ModelDescription description;
  description.architecture = family_.architecture;
  description.parameters = decoder_.parameter_count();
  description.vocabulary = decoder_.config().vocabulary;
  description.hidden = decoder_.config().hidden;
  description.layers = static_cast<int64_t>(decoder_.config().layers.size());
  description.max_positions = config_.integer_or("max_position_embeddings", 0);
  description.outputs = output_names();
  return description;
}

void CausalLm::save(const std::filesystem::path& folder) const {
  std::filesystem::create_directories(folder);
  kd::TensorMap tensors;
  for (const kd::NamedTensor& parameter : file_parameters()) {
    tensors[parameter.name] = parameter.tensor.detach();
  }
  kd::Value::Map config = config_.table().as_map();
  config["dtype"] = dtype_name(decoder_.head_weight().scalar_type());
  config.erase("torch_dtype");
  kd::write_safetensors(folder / "model.safetensors", tensors, {{"format", "pt"}});
  if (tokenizer_ != nullptr) tokenizer_->save(folder);
  kd::write_file_atomically(folder / "config.json", kd::to_json(config, 2) + "\n");
}

void CausalLm::to(c10::Device device, c10::ScalarType dtype) { decoder_.to(device, dtype); }

std::unique_ptr<kd::DecodeState> CausalLm::start_decoding(int64_t batch, int64_t capacity) {
  return decoder_.start_decoding(batch, capacity);
}

at::Tensor CausalLm::decode(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                            kd::DecodeState& state) {
  auto* cache = dynamic_cast<kd::DecodeCache*>(&state);
  if (cache == nullptr || input_ids.size(0) != cache->batch()) {
    throw Error(ErrorCode::kInternal, "this decode state belongs to another model or batch",
                "pass what this model's start_decoding returned");
  }
  check_inputs(input_ids, attention_mask);
  const at::NoGradGuard no_grad;
  const at::Tensor hidden = decoder_.decode(input_ids, attention_mask, *cache);
  return at::linear(hidden, decoder_.head_weight()).to(at::kFloat);
}

}  // namespace causal_lm
