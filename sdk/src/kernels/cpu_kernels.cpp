#include "sdk/src/kernels/cpu_kernels.h"

#include <bit>
#include <cmath>

// Compiled twice: see sdk/CMakeLists.txt.
#if !defined(KD_KERNEL_SET)
#define KD_KERNEL_SET baseline_kernels
#endif

namespace kd::kernels {

const CpuKernels& KD_KERNEL_SET();

namespace {

// e^x within 2 units in the last place, without branches, so that loops of it vectorise: std::exp
// does not. Cephes' reduction to |r| <= ln(2)/2 and a polynomial of degree 6.
inline float exponential(float x) {
  x = x < -87.0F ? -87.0F : x;
  x = x > 88.0F ? 88.0F : x;
  constexpr float kRound = 12582912.0F;  // 1.5·2^23: adding it leaves the nearest integer
  const float shifted = x * 1.44269504F + kRound;
  const float n = shifted - kRound;
  const float r = (x - n * 0.693359375F) + n * 2.12194440e-4F;
  float p = 1.9875691500e-4F;
  p = p * r + 1.3981999507e-3F;
  p = p * r + 8.3334519073e-3F;
  p = p * r + 4.1665795894e-2F;
  p = p * r + 1.6666665459e-1F;
  p = p * r + 5.0000001201e-1F;
  p = p * r * r + r + 1.0F;
  const auto exponent = static_cast<uint32_t>(static_cast<int32_t>(n) + 127) << 23U;
  return p * std::bit_cast<float>(exponent);
}

inline float sigmoid(float x) { return 1.0F / (1.0F + exponential(-x)); }

void rms_norm(Rows x, const float* weight, float eps, int64_t width, MutableRows y, float* scale,
              int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* in = x.data + row * x.stride;
    float* out = y.data + row * y.stride;
    float squares = 0;
#pragma omp simd reduction(+ : squares)
    for (int64_t i = 0; i < width; ++i) squares += in[i] * in[i];
    const float s = 1.0F / std::sqrt(squares / static_cast<float>(width) + eps);
    scale[row] = s;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) out[i] = in[i] * s * weight[i];
  }
}

void rms_norm_backward(Rows grad, Rows x, const float* weight, const float* scale, int64_t width,
                       MutableRows dx, float* weight_grad, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* g = grad.data + row * grad.stride;
    const float* in = x.data + row * x.stride;
    float* out = dx.data + row * dx.stride;
    float product = 0;
#pragma omp simd reduction(+ : product)
    for (int64_t i = 0; i < width; ++i) product += g[i] * weight[i] * in[i];
    const float s = scale[row];
    const float pull = product * s * s / static_cast<float>(width);
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) {
      out[i] = s * (g[i] * weight[i] - in[i] * pull);
      weight_grad[i] += g[i] * in[i] * s;
    }
  }
}

void swiglu(Rows gate, Rows up, int64_t width, MutableRows y, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* g = gate.data + row * gate.stride;
    const float* u = up.data + row * up.stride;
    float* out = y.data + row * y.stride;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) out[i] = g[i] * sigmoid(g[i]) * u[i];
  }
}

void swiglu_backward(Rows grad, Rows gate, Rows up, int64_t width, MutableRows gate_grad,
                     MutableRows up_grad, int64_t begin, int64_t end) {
  for (int64_t row = begin; row < end; ++row) {
    const float* d = grad.data + row * grad.stride;
    const float* g = gate.data + row * gate.stride;
    const float* u = up.data + row * up.stride;
    float* dg = gate_grad.data + row * gate_grad.stride;
    float* du = up_grad.data + row * up_grad.stride;
#pragma omp simd
    for (int64_t i = 0; i < width; ++i) {
      const float s = sigmoid(g[i]);
      dg[i] = d[i] * u[i] * s * (1.0F + g[i] * (1.0F - s));
      du[i] = d[i] * g[i] * s;
    }
  }
}

void rotate(Rows x, const Rotation& rotation, MutableRows y, int64_t begin, int64_t end) {
  const int64_t half = rotation.head_dim / 2;
  for (int64_t row = begin; row < end; ++row) {
    const int64_t angle = (row % rotation.angle_rows) * rotation.head_dim;
    const float* cos = rotation.cos + angle;
    const float* sin = rotation.sin + angle + half;  // the half without the minus sign
    for (int64_t head = 0; head < rotation.heads; ++head) {
      const float* in = x.data + row * x.stride + head * rotation.head_dim;
      float* out = y.data + row * y.stride + head * rotation.head_dim;
#pragma omp simd
      for (int64_t i = 0; i < half; ++i) {
        const float turn = sin[i] * rotation.sine;
        out[i] = in[i] * cos[i] - in[i + half] * turn;
        out[i + half] = in[i + half] * cos[i] + in[i] * turn;
      }
    }
  }
}

void query_scores(Rows q, Rows k, const QueryShape& shape, float scale, float* scores,
                  int64_t begin, int64_t end) {
  for (int64_t head = begin; head < end; ++head) {
    for (int64_t g = 0; g < shape.group; ++g) {
      const float* query = q.data + head * q.stride + g * shape.head_dim;
      const float* key = k.data + head * k.stride;
      float* out = scores + (head * shape.group + g) * shape.keys;
      for (int64_t s = 0; s < shape.keys; ++s, key += shape.head_dim) {
        float dot = 0;
#pragma omp simd reduction(+ : dot)
        for (int64_t i = 0; i < shape.head_dim; ++i) dot += query[i] * key[i];
        out[s] = dot * scale;
      }
    }
  }
}

void query_mix(const float* weights, Rows v, const QueryShape& shape, MutableRows y, int64_t begin,
               int64_t end) {
  for (int64_t head = begin; head < end; ++head) {
    for (int64_t g = 0; g < shape.group; ++g) {
      const float* weight = weights + (head * shape.group + g) * shape.keys;
      const float* value = v.data + head * v.stride;
      float* out = y.data + head * y.stride + g * shape.head_dim;
      for (int64_t i = 0; i < shape.head_dim; ++i) out[i] = 0;
      for (int64_t s = 0; s < shape.keys; ++s, value += shape.head_dim) {
        const float w = weight[s];
#pragma omp simd
        for (int64_t i = 0; i < shape.head_dim; ++i) out[i] += w * value[i];
      }
    }
  }
}

}  // namespace

const CpuKernels& KD_KERNEL_SET() {
  static constexpr CpuKernels kSet{&rms_norm, &rms_norm_backward, &swiglu,   &swiglu_backward,
                                   &rotate,   &query_scores,      &query_mix};
  return kSet;
}

}  // namespace kd::kernels
