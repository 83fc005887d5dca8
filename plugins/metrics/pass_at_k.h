// How often at least one of k tries is right.
#pragma once

#include <cstdint>

namespace kd::metrics {

// The unbiased estimate from n tries of which c were right (Chen et al. 2021):
// 1 - C(n-c, k) / C(n, k), as a product that cannot overflow. 1 <= k <= n, 0 <= c <= n.
double pass_at_k(int64_t n, int64_t c, int64_t k);

}  // namespace kd::metrics
