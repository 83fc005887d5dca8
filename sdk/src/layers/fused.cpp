#include "sdk/src/layers/fused.h"

#include <ATen/Parallel.h>
#include <ATen/TensorOperators.h>
#include <ATen/core/grad_mode.h>
#include <ATen/ops/addcmul.h>
#include <ATen/ops/bmm.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/empty_like.h>
#include <ATen/ops/rms_norm.h>
#include <ATen/ops/roll.h>
#include <ATen/ops/silu.h>
#include <ATen/ops/softmax.h>
#include <ATen/ops/zeros.h>

#include <algorithm>
#include <initializer_list>

#include "sdk/src/graph.h"
#include "sdk/src/kernels/cpu_kernels.h"

namespace kd {
namespace {

using kernels::cpu_kernels;
using kernels::MutableRows;
using kernels::Rows;

bool is_cpu_float(const at::Tensor& x) { return x.is_cpu() && x.scalar_type() == at::kFloat; }

// Whether x is rows at an even distance, each of the last `inner` dimensions and contiguous.
bool is_rows(const at::Tensor& x, int64_t inner) {
  if (!is_cpu_float(x) || x.dim() < inner || x.numel() == 0) return false;
  int64_t expected = 1;
  for (int64_t d = x.dim() - 1; d >= x.dim() - inner; --d) {
    if (x.stride(d) != expected && x.size(d) != 1) return false;
    expected *= x.size(d);
  }
  for (int64_t d = x.dim() - inner - 2; d >= 0; --d) {
    if (x.stride(d) != x.stride(d + 1) * x.size(d + 1) && x.size(d) != 1) return false;
  }
  return true;
}

int64_t row_stride(const at::Tensor& x, int64_t inner) {
  for (int64_t d = x.dim() - inner - 1; d >= 0; --d) {
    if (x.size(d) == 1) continue;
    int64_t below = 1;  // rows of the dimensions between d and the row itself
    for (int64_t e = d + 1; e < x.dim() - inner; ++e) below *= x.size(e);
    return x.stride(d) / below;
  }
  return 0;
}

Rows rows_of(const at::Tensor& x, int64_t inner = 1) {
  return {x.const_data_ptr<float>(), row_stride(x, inner)};
}

MutableRows mutable_rows_of(const at::Tensor& x, int64_t inner = 1) {
  return {x.mutable_data_ptr<float>(), row_stride(x, inner)};
}

// Splits rows among threads so that each gets enough to do.
template <typename Work>
void for_rows(int64_t rows, int64_t width, const Work& work) {
  constexpr int64_t kElements = 1 << 14;
  at::parallel_for(0, rows, std::max<int64_t>(1, kElements / std::max<int64_t>(1, width)), work);
}

bool needs_graph(std::initializer_list<at::Tensor> inputs) {
  return at::GradMode::is_enabled() &&
         std::any_of(inputs.begin(), inputs.end(), [](const auto& x) { return x.requires_grad(); });
}

at::Tensor rms_norm_gradients(const at::Tensor& gradient, const at::Tensor& x,
                              const at::Tensor& weight, const at::Tensor& scale, at::Tensor& dx) {
  // Blocks of a fixed size, so that the sum does not depend on how many threads there are.
  constexpr int64_t kBlock = 256;
  const int64_t width = weight.size(0);
  const int64_t rows = x.numel() / width;
  const int64_t blocks = (rows + kBlock - 1) / kBlock;
  const at::Tensor partial = at::zeros({blocks, width}, weight.options().requires_grad(false));
  at::parallel_for(0, blocks, 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      cpu_kernels().rms_norm_backward(rows_of(gradient), rows_of(x), weight.const_data_ptr<float>(),
                                      scale.const_data_ptr<float>(), width, mutable_rows_of(dx),
                                      partial.mutable_data_ptr<float>() + block * width,
                                      block * kBlock, std::min(rows, (block + 1) * kBlock));
    }
  });
  return partial.sum(0);
}

at::Tensor rotate_rows(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin,
                       float sine) {
  const at::Tensor y = at::empty(x.sizes(), x.options());
  const kernels::Rotation rotation{cos.const_data_ptr<float>(),
                                   sin.const_data_ptr<float>(),
                                   cos.numel() / cos.size(-1),
                                   x.size(2),
                                   x.size(3),
                                   sine};
  for_rows(x.size(0) * x.size(1), x.size(2) * x.size(3), [&](int64_t begin, int64_t end) {
    cpu_kernels().rotate(rows_of(x, 2), rotation, mutable_rows_of(y, 2), begin, end);
  });
  return y;
}

}  // namespace

at::Tensor rms_norm(const at::Tensor& x, const at::Tensor& weight, double eps) {
  if (!is_rows(x, 1) || !is_rows(weight, 1)) return at::rms_norm(x, weight.sizes(), weight, eps);
  const at::Tensor in = x.detach();
  const at::Tensor by = weight.detach();
  const int64_t width = weight.size(0);
  const int64_t rows = x.numel() / width;
  at::Tensor y = at::empty(in.sizes(), in.options());
  const at::Tensor scale = at::empty({rows}, in.options());
  for_rows(rows, width, [&](int64_t begin, int64_t end) {
    cpu_kernels().rms_norm(rows_of(in), by.const_data_ptr<float>(), static_cast<float>(eps), width,
                           mutable_rows_of(y), scale.mutable_data_ptr<float>(), begin, end);
  });
  if (!needs_graph({x, weight})) return y;
  return with_backward(y, {x, weight}, [in, by, scale](const at::Tensor& gradient) {
    at::Tensor dx = at::empty(in.sizes(), in.options());
    const at::Tensor dw = rms_norm_gradients(gradient.contiguous(), in, by, scale, dx);
    return std::vector<at::Tensor>{dx, dw};
  });
}

at::Tensor swiglu(const at::Tensor& gate, const at::Tensor& up) {
  if (!is_rows(gate, 1) || !is_rows(up, 1)) return at::silu(gate) * up;
  const at::Tensor g = gate.detach();
  const at::Tensor u = up.detach();
  const int64_t width = g.size(-1);
  const int64_t rows = g.numel() / width;
  at::Tensor y = at::empty(g.sizes(), g.options());
  for_rows(rows, width, [&](int64_t begin, int64_t end) {
    cpu_kernels().swiglu(rows_of(g), rows_of(u), width, mutable_rows_of(y), begin, end);
  });
  if (!needs_graph({gate, up})) return y;
  return with_backward(y, {gate, up}, [g, u, width, rows](const at::Tensor& gradient) {
    const at::Tensor d = gradient.contiguous();
    at::Tensor dg = at::empty(g.sizes(), g.options());
    at::Tensor du = at::empty(g.sizes(), g.options());
    for_rows(rows, width, [&](int64_t begin, int64_t end) {
      cpu_kernels().swiglu_backward(rows_of(d), rows_of(g), rows_of(u), width, mutable_rows_of(dg),
                                    mutable_rows_of(du), begin, end);
    });
    return std::vector<at::Tensor>{dg, du};
  });
}

at::Tensor rotate(const at::Tensor& x, const at::Tensor& cos, const at::Tensor& sin) {
  if (!is_rows(x, 2) || !is_cpu_float(cos) || !cos.is_contiguous() || !sin.is_contiguous()) {
    return at::addcmul(x * cos, at::roll(x, {x.size(-1) / 2}, {-1}), sin);
  }
  at::Tensor y = rotate_rows(x.detach(), cos, sin, 1);
  if (!needs_graph({x})) return y;
  return with_backward(y, {x}, [cos, sin](const at::Tensor& gradient) {
    return std::vector<at::Tensor>{rotate_rows(gradient.contiguous(), cos, sin, -1)};
  });
}

at::Tensor attend_with_one_query(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                 double scale, const at::Tensor& bias) {
  const int64_t batch = q.size(0);
  const int64_t heads = batch * k.size(1);
  const kernels::QueryShape shape{q.size(1) / k.size(1), k.size(2), q.size(3)};
  // The queries of a group are the rows of one product, so that keys need no repeating.
  const at::Tensor queries = q.reshape({heads, shape.group, shape.head_dim});
  const bool fast = is_cpu_float(queries) && is_rows(k, 2) && is_rows(v, 2);
  at::Tensor scores;  // [B·kv, group, S]
  if (fast) {
    scores = at::empty({heads, shape.group, shape.keys}, q.options());
    for_rows(heads, shape.keys * shape.head_dim, [&](int64_t begin, int64_t end) {
      cpu_kernels().query_scores(rows_of(queries, 2), rows_of(k, 2), shape,
                                 static_cast<float>(scale), scores.mutable_data_ptr<float>(), begin,
                                 end);
    });
  } else {
    scores = at::bmm(queries * scale, k.flatten(0, 1).transpose(1, 2));
  }
  if (bias.defined()) scores.view({batch, k.size(1), shape.group, shape.keys}).add_(bias);
  const at::Tensor weights = at::softmax(scores, -1);
  if (!fast) return at::bmm(weights, v.flatten(0, 1)).view(q.sizes());
  const at::Tensor mixed = at::empty(queries.sizes(), queries.options());
  for_rows(heads, shape.keys * shape.head_dim, [&](int64_t begin, int64_t end) {
    cpu_kernels().query_mix(weights.const_data_ptr<float>(), rows_of(v, 2), shape,
                            mutable_rows_of(mixed, 2), begin, end);
  });
  return mixed.view(q.sizes());
}

}  // namespace kd
