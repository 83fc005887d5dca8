#include "kd/tokenizer.h"

namespace kd {

Tokenizer::~Tokenizer() = default;

}  // namespace kd
