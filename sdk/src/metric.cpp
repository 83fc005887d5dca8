#include "kd/metric.h"

namespace kd {

Metric::~Metric() = default;

}  // namespace kd
