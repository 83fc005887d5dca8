#include "pass_at_k.h"

#include "kd/error.h"

namespace kd::metrics {

double pass_at_k(int64_t n, int64_t c, int64_t k) {
  if (k < 1 || k > n || c < 0 || c > n) {
    throw Error(ErrorCode::kInternal, cat("pass@", k, " of ", n, " tries, ", c, " right"));
  }
  if (n - c < k) return 1;
  double all_wrong = 1;
  for (int64_t i = n - c + 1; i <= n; ++i) {
    all_wrong *= 1 - static_cast<double>(k) / static_cast<double>(i);
  }
  return 1 - all_wrong;
}

}  // namespace kd::metrics
