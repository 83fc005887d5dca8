// Loops over fp32 rows on the CPU, free of LibTorch. Each does rows [begin, end) of one operation
// in one pass over memory. The same source is compiled for any processor and for AVX2.
#pragma once

#include <cstdint>

namespace kd::kernels {

// Rows that lie `stride` elements apart.
struct Rows {
  const float* data = nullptr;
  int64_t stride = 0;
};
struct MutableRows {
  float* data = nullptr;
  int64_t stride = 0;
};

// Rotary positions: a row is `heads` heads of `head_dim`; row r turns by the angles of row
// r % angle_rows. `sine`: -1 turns back. cos, sin: [angle_rows, head_dim], halves alike up to sign.
struct Rotation {
  const float* cos = nullptr;
  const float* sin = nullptr;
  int64_t angle_rows = 0;
  int64_t heads = 0;
  int64_t head_dim = 0;
  float sine = 1;
};

// `group` queries that look at `keys` keys, for each key-value head.
struct QueryShape {
  int64_t group = 0;
  int64_t keys = 0;
  int64_t head_dim = 0;
};

struct CpuKernels {
  // y = x · scale · weight with scale = 1 / sqrt(mean(x²) + eps), one scale a row.
  void (*rms_norm)(Rows x, const float* weight, float eps, int64_t width, MutableRows y,
                   float* scale, int64_t begin, int64_t end);
  // dx of the above; adds the rows' part of the weight's gradient to `weight_grad` [width].
  void (*rms_norm_backward)(Rows grad, Rows x, const float* weight, const float* scale,
                            int64_t width, MutableRows dx, float* weight_grad, int64_t begin,
                            int64_t end);
  // y = silu(gate) · up
  void (*swiglu)(Rows gate, Rows up, int64_t width, MutableRows y, int64_t begin, int64_t end);
  void (*swiglu_backward)(Rows grad, Rows gate, Rows up, int64_t width, MutableRows gate_grad,
                          MutableRows up_grad, int64_t begin, int64_t end);
  void (*rotate)(Rows x, const Rotation& rotation, MutableRows y, int64_t begin, int64_t end);
  // scores[h][g][s] = scale · q[h][g] · k[h][s], for key-value heads h in [begin, end)
  void (*query_scores)(Rows q, Rows k, const QueryShape& shape, float scale, float* scores,
                       int64_t begin, int64_t end);
  // y[h][g] = sum over s of weights[h][g][s] · v[h][s]
  void (*query_mix)(const float* weights, Rows v, const QueryShape& shape, MutableRows y,
                    int64_t begin, int64_t end);
};

// The set for this processor.
const CpuKernels& cpu_kernels();

}  // namespace kd::kernels
