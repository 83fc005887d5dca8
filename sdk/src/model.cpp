#include "kd/model.h"

#include "kd/error.h"

namespace kd {

DecodeState::~DecodeState() = default;
Model::~Model() = default;

std::vector<NamedTensor> Model::buffers() { return {}; }

std::unique_ptr<DecodeState> Model::start_decoding(int64_t, int64_t) { return nullptr; }

at::Tensor Model::decode(const at::Tensor&, const at::Tensor&, DecodeState&) {
  throw Error(ErrorCode::kPlugin, cat(describe().architecture, " cannot generate"),
              "use a language model, such as kd.student.causal_lm");
}

at::Tensor Outputs::get(const std::string& name, int64_t batch) const {
  if (name != "logits") return require_tensor(tensors, name);
  if (!logits.defined()) {
    throw Error(ErrorCode::kPlugin, "logits were not asked for", "add \"logits\" to the wants");
  }
  const at::Tensor rows = logits.materialise();  // [B·T, V]
  return rows.view({batch, rows.size(0) / batch, rows.size(1)});
}

}  // namespace kd
