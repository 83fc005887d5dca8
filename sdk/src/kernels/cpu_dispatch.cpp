#include "sdk/src/kernels/cpu_kernels.h"

namespace kd::kernels {

const CpuKernels& baseline_kernels();
#if defined(KD_AVX2_KERNELS)
const CpuKernels& avx2_kernels();
#endif

const CpuKernels& cpu_kernels() {
#if defined(KD_AVX2_KERNELS)
  static const bool has_avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
  if (has_avx2) return avx2_kernels();
#endif
  return baseline_kernels();
}

}  // namespace kd::kernels
