// Counter-based random streams: a value depends on its key alone, never on what was drawn before
// it elsewhere, so neither worker count, micro-batching nor resumption changes it.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace kd {

// What a stream belongs to. `purpose` separates uses ("init", "shuffle", "sample"); `step` and
// `sample` number the draw inside it.
struct StreamKey {
  uint64_t run_seed = 0;
  std::string_view stage = {};
  std::string_view purpose = {};
  uint64_t step = 0;
  uint64_t sample = 0;
};

// Philox 4x32-10 (Salmon et al. 2011) keyed by a hash of the StreamKey. Copying a stream copies
// its position. Not thread-safe; make one per thread, they cost nothing. [any]
class RandomStream {
 public:
  explicit RandomStream(const StreamKey& key);
  // A stream of its own under this one: same key, another name. Independent of this position.
  RandomStream child(std::string_view name, uint64_t index = 0) const;

  uint32_t next_u32();
  uint64_t next_u64();
  double uniform();                             // [0, 1), 53 bits
  double normal();                              // mean 0, variance 1 (Box-Muller)
  uint64_t below(uint64_t bound);               // unbiased integer in [0, bound), bound > 0
  std::vector<int64_t> permutation(int64_t n);  // a uniform shuffle of 0 … n-1

 private:
  RandomStream(uint64_t key0, uint64_t key1) : key_{key0, key1} {}

  std::array<uint64_t, 2> key_;
  uint64_t counter_ = 0;
  std::array<uint32_t, 4> block_{};
  int used_ = 4;
  double spare_normal_ = 0;
  bool has_spare_ = false;
};

}  // namespace kd
