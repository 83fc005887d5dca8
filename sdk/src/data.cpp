#include "kd/data.h"

namespace kd {

DataSource::~DataSource() = default;

}  // namespace kd
