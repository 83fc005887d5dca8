// Models: teachers and students.
#pragma once

#include <c10/core/Device.h>
#include <c10/core/ScalarType.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "kd/logits.h"
#include "kd/tensors.h"
#include "kd/value.h"

namespace kd {

// Which gradients a forward prepares.
enum class Grad { kNone, kInputs, kAll };

struct ForwardOptions {
  Grad grad = Grad::kNone;
  bool training = false;      // dropout and the like
  TensorMap replace = {};     // by tap path: use this tensor, do not run the module
  std::string start_at = {};  // tap path whose value is in `replace`: nothing before it runs
  std::string stop_at = {};   // tap path after which nothing runs
};

struct Outputs {
  TensorMap tensors;  // by want's output name: "hidden.3" [B, T, H], or any tap path
  LazyLogits logits;  // defined when "logits" was wanted; rows are B·T

  // "logits" materialised to [B, T, V], or tensors[name].
  at::Tensor get(const std::string& name, int64_t batch) const;
};

// One parameter or buffer under the name it has in files.
struct NamedTensor {
  std::string name;
  at::Tensor tensor;
  bool trainable = true;
};

struct ModelDescription {
  std::string architecture;  // "LlamaForCausalLM"
  int64_t parameters = 0;
  int64_t vocabulary = 0;  // 0 for models without tokens
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t max_positions = 0;
  std::vector<std::string> outputs;  // what may be wanted, for "did you mean"
};

// The cache of a batch being decoded (keys and values, or recurrent state).
class DecodeState {
 public:
  virtual ~DecodeState();
  virtual int64_t batch() const = 0;
  virtual int64_t length() const = 0;  // columns so far, padding included
  // Keeps, repeats or reorders sequences: rows [M] int64 into the present batch.
  virtual void select(const at::Tensor& rows) = 0;
};

// Contract: parameters are created by the factory from its RandomStream, so that equal seeds give
// equal weights. forward() may be called concurrently only on models without gradient. [train]
class Model {
 public:
  static constexpr const char* kKind = "model";
  virtual ~Model();

  // Language models read "input_ids" [B, T] int64 and "attention_mask" [B, T] (1: real token;
  // padding left or right; absent: all real) and return rows for all B·T positions.
  virtual Outputs forward(const TensorMap& inputs, const std::vector<std::string>& wants,
                          const ForwardOptions& options) = 0;

  virtual std::vector<NamedTensor> parameters() = 0;
  virtual std::vector<NamedTensor> buffers();
  virtual ModelDescription describe() const = 0;
  // Writes the model in its ecosystem's layout (config.json, model.safetensors) into `folder`.
  virtual void save(const std::filesystem::path& folder) const = 0;
  virtual void to(c10::Device device, c10::ScalarType dtype) = 0;

  // Decoding with a cache; models that cannot generate return null. `capacity`: columns reserved.
  virtual std::unique_ptr<DecodeState> start_decoding(int64_t batch, int64_t capacity);
  // Appends columns: input_ids [B, T]; attention_mask [B, T], 0 for left padding (only in the
  // first call). Returns the logits of the last column, [B, V] fp32, without gradient.
  virtual at::Tensor decode(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                            DecodeState& state);
};

}  // namespace kd
