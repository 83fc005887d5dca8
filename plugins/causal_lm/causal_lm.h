// Causal language models from Hugging Face folders, or made from a few numbers.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "families.h"
#include "hf_config.h"
#include "kd/layers/decoder.h"
#include "kd/model.h"
#include "kd/plugin.h"
#include "kd/tokenizer.h"

namespace causal_lm {

// kd::Model on kd::Decoder. Wants: "logits" (lazy), "hidden.0" … "hidden.L" as transformers
// reports them, "attention.N", and every tap path of the decoder.
class CausalLm : public kd::Model {
 public:
  CausalLm(const HfConfig& config, const kd::CreateContext& context,
           std::shared_ptr<const kd::Tokenizer> tokenizer);

  // Fills the weights from a folder, or from random numbers.
  void load(const std::filesystem::path& folder);
  void initialise(const kd::RandomStream& random);

  kd::Outputs forward(const kd::TensorMap& inputs, const std::vector<std::string>& wants,
                      const kd::ForwardOptions& options) override;
  std::vector<kd::NamedTensor> parameters() override;
  kd::ModelDescription describe() const override;
  void save(const std::filesystem::path& folder) const override;
  void to(c10::Device device, c10::ScalarType dtype) override;
  std::unique_ptr<kd::DecodeState> start_decoding(int64_t batch, int64_t capacity) override;
  at::Tensor decode(const at::Tensor& input_ids, const at::Tensor& attention_mask,
                    kd::DecodeState& state) override;

  const kd::Decoder& decoder() const { return decoder_; }

 private:
  std::vector<kd::NamedTensor> file_parameters() const;
  // The tap path behind a want: "hidden.0" is "embed", "attention.2" is "layers.2.attention.map".
  std::string tap_path(const std::string& want) const;
  std::vector<std::string> output_names() const;
  kd::TapTable make_taps(const std::vector<std::string>& wants,
                         const kd::ForwardOptions& options) const;

  const Family& family_;
  HfConfig config_;
  kd::Decoder decoder_;
  std::shared_ptr<const kd::Tokenizer> tokenizer_;
};

}  // namespace causal_lm
