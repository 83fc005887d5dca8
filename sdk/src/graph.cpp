#include "sdk/src/graph.h"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include <memory>
#include <utility>

#include "kd/error.h"

namespace kd {
namespace {

class CallbackNode : public torch::autograd::Node {
 public:
  explicit CallbackNode(Backward backward) : backward_(std::move(backward)) {}

  torch::autograd::variable_list apply(torch::autograd::variable_list&& gradients) override {
    if (!backward_) {
      throw Error(ErrorCode::kInternal, "backward through a graph of kd a second time",
                  "keep the graph (retain_graph) or evaluate again");
    }
    if (at::GradMode::is_enabled()) {
      throw Error(ErrorCode::kPlugin, "kd's fused operations have no second derivative",
                  "go backward without create_graph");
    }
    if (!gradients[0].defined()) return torch::autograd::variable_list(num_outputs());
    const at::NoGradGuard no_grad;
    return backward_(gradients[0]);
  }

  void release_variables() override { backward_ = nullptr; }

  std::string name() const override { return "KdBackward"; }

 private:
  Backward backward_;
};

}  // namespace

at::Tensor with_backward(at::Tensor value, const std::vector<at::Tensor>& inputs,
                         Backward backward) {
  std::shared_ptr<CallbackNode> node(new CallbackNode(std::move(backward)),
                                     torch::autograd::deleteNode);
  torch::autograd::edge_list edges;
  for (const at::Tensor& input : inputs) {
    edges.push_back(torch::autograd::impl::gradient_edge(input));
  }
  node->set_next_edges(std::move(edges));
  torch::autograd::set_history(value, node);
  return value;
}

}  // namespace kd
