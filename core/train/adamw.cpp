// AdamW (Loshchilov & Hutter 2019) on LibTorch's fused kernel: one pass over each parameter.
#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/full.h>
#include <ATen/ops/zeros_like.h>

#include "core/train/optimizer.h"
#include "kd/error.h"

namespace kd::core {
namespace {

struct AdamWParams {
  double lr = 1e-3;
  std::vector<double> betas = {0.9, 0.999};
  double eps = 1e-8;
  double weight_decay = 0.01;
  bool decay_vectors = false;

  static Params<AdamWParams> params() {
    Params<AdamWParams> p;
    p.add("lr", &AdamWParams::lr, "learning rate; the stage's schedule multiplies it").above(0);
    p.add("betas", &AdamWParams::betas, "decay of the first and second moment");
    p.add("eps", &AdamWParams::eps, "added to the root of the second moment").above(0);
    p.add("weight_decay", &AdamWParams::weight_decay, "decoupled decay, multiplied by lr")
        .at_least(0);
    p.add("decay_vectors", &AdamWParams::decay_vectors,
          "decay norms and biases (tensors of one dimension) too");
    return p;
  }
};

// Parameters that share a weight decay, in the lists that the fused kernel takes.
struct Group {
  double weight_decay = 0;
  std::vector<std::string> names;
  std::vector<at::Tensor> parameters;
  std::vector<at::Tensor> first;
  std::vector<at::Tensor> second;
  std::vector<at::Tensor> steps;  // fp32 scalars, as the kernel wants them
};

class AdamW : public Optimizer {
 public:
  explicit AdamW(AdamWParams params) : params_(std::move(params)) {
    if (params_.betas.size() != 2) {
      throw Error(ErrorCode::kUsage,
                  cat("optimizer.adamw: betas has ", params_.betas.size(), " values, not 2"),
                  "write betas = { 0.9, 0.999 }");
    }
  }

  void attach(const std::vector<NamedTensor>& parameters) override {
    groups_.assign(2, Group{});
    groups_[0].weight_decay = params_.weight_decay;
    for (const NamedTensor& p : parameters) {
      if (!p.trainable) continue;
      const bool decays = p.tensor.dim() > 1 || params_.decay_vectors;
      Group& group = groups_[decays ? 0 : 1];
      group.names.push_back(p.name);
      group.parameters.push_back(p.tensor);
      group.first.push_back(at::zeros_like(p.tensor));
      group.second.push_back(at::zeros_like(p.tensor));
      group.steps.push_back(at::full({}, 0.0, p.tensor.options().dtype(at::kFloat)));
    }
  }

  void step(double scale) override {
    for (Group& group : groups_) step_group(group, scale);
  }

  double learning_rate() const override { return params_.lr; }

  TensorMap state() const override {
    TensorMap out;
    for (const Group& group : groups_) {
      for (size_t i = 0; i < group.names.size(); ++i) {
        out["first." + group.names[i]] = group.first[i];
        out["second." + group.names[i]] = group.second[i];
        out["step." + group.names[i]] = group.steps[i];
      }
    }
    return out;
  }

  void restore(const TensorMap& state) override {
    for (Group& group : groups_) {
      for (size_t i = 0; i < group.names.size(); ++i) {
        group.first[i].copy_(require_tensor(state, "first." + group.names[i]));
        group.second[i].copy_(require_tensor(state, "second." + group.names[i]));
        group.steps[i].copy_(require_tensor(state, "step." + group.names[i]));
      }
    }
  }

 private:
  void step_group(Group& group, double scale) const {
    std::vector<at::Tensor> parameters, gradients, first, second, steps;
    for (size_t i = 0; i < group.parameters.size(); ++i) {
      const at::Tensor& gradient = group.parameters[i].grad();
      if (!gradient.defined()) continue;
      group.steps[i].add_(1.0);
      parameters.push_back(group.parameters[i].detach());
      gradients.push_back(gradient);
      first.push_back(group.first[i]);
      second.push_back(group.second[i]);
      steps.push_back(group.steps[i]);
    }
    if (parameters.empty()) return;
    at::_fused_adamw_(parameters, gradients, first, second, /*max_exp_avg_sqs=*/{}, steps,
                      params_.lr * scale, params_.betas[0], params_.betas[1], group.weight_decay,
                      params_.eps, /*amsgrad=*/false, /*maximize=*/false);
  }

  AdamWParams params_;
  std::vector<Group> groups_;
};

}  // namespace

void register_optimizers(Registrar& registrar) {
  registrar.add<Optimizer, AdamWParams>("adamw", "Adam with decoupled weight decay",
                                        [](const AdamWParams& params, const CreateContext&) {
                                          return std::make_shared<AdamW>(params);
                                        });
}

}  // namespace kd::core
