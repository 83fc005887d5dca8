#include "core/train/micro_batch.h"

#include "kd/error.h"
#include "kd/want.h"

namespace kd::core {

const at::Tensor& MicroBatch::column(std::string_view name) const {
  return require_tensor(input_.columns, name);
}

const LazyLogits& MicroBatch::logits(std::string_view want) const {
  const std::string name(want);
  const auto found = input_.logits.find(name);
  if (found != input_.logits.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& [each, unused] : input_.logits) names.push_back(each);
  throw Error(ErrorCode::kPlugin, cat("no logits '", name, "' in this batch"),
              cat("declare it in wants(); ", did_you_mean(name, names)));
}

const at::Tensor& MicroBatch::output(std::string_view want) const {
  const Want parsed = Want::parse(want);
  if (parsed.output != "logits") return require_tensor(input_.outputs, want);
  const auto found = materialised_.find(want);
  if (found != materialised_.end()) return found->second;
  const LazyLogits& lazy = logits(want);
  const int64_t batch = column(side_name(parsed.side, "labels")).size(0);
  const at::Tensor matrix = lazy.materialise();
  return materialised_.emplace(std::string(want), matrix.view({batch, -1, lazy.vocabulary()}))
      .first->second;
}

RandomStream MicroBatch::random(std::string_view purpose) const {
  return input_.random.child(purpose, static_cast<uint64_t>(input_.step));
}

void MicroBatch::observe(std::string_view name, const at::Tensor& sum, double count) {
  observations_.push_back({cat(prefix_, name), sum.detach(), count});
}

}  // namespace kd::core
