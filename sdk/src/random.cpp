#include "kd/random.h"

#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>

#include "kd/error.h"
#include "sdk/src/philox.h"
#include "sdk/src/portable_math.h"

namespace kd {
namespace {

// The finaliser of SplitMix64: a bijection in which every input bit changes half of the output.
constexpr uint64_t mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
  return x ^ (x >> 31);
}

constexpr uint64_t rotate(uint64_t x, int bits) { return (x << bits) | (x >> (64 - bits)); }

// Folds words into 128 bits: two lanes that take each word differently and feed each other. No
// cryptography: it only has to keep the keys that people use apart.
class KeyHash {
 public:
  void add(uint64_t word) {
    low_ = mix(low_ ^ word) + 0x9E3779B97F4A7C15u;
    high_ = mix(high_ + rotate(word, 32) * 0xD6E8FEB86659FD93u) ^ rotate(low_, 23);
  }

  // The length goes first, so that neighbouring texts cannot trade letters.
  void add(std::string_view text) {
    add(static_cast<uint64_t>(text.size()));
    for (size_t at = 0; at < text.size(); at += 8) {
      uint64_t word = 0;
      for (size_t i = at; i < text.size() && i < at + 8; ++i) {
        word |= static_cast<uint64_t>(static_cast<unsigned char>(text[i])) << (8 * (i - at));
      }
      add(word);
    }
  }

  std::array<uint64_t, 2> finish() const {
    const uint64_t low = mix(low_ + high_), high = mix(high_ ^ rotate(low, 32));
    return {low, high};
  }

 private:
  uint64_t low_ = 0x243F6A8885A308D3u;  // digits of pi
  uint64_t high_ = 0x13198A2E03707344u;
};

constexpr uint32_t low_half(uint64_t x) { return static_cast<uint32_t>(x); }
constexpr uint32_t high_half(uint64_t x) { return static_cast<uint32_t>(x >> 32); }

}  // namespace

RandomStream::RandomStream(const StreamKey& key) : key_{} {
  KeyHash hash;
  hash.add(key.run_seed);
  hash.add(key.stage);
  hash.add(key.purpose);
  hash.add(key.step);
  hash.add(key.sample);
  key_ = hash.finish();
}

RandomStream RandomStream::child(std::string_view name, uint64_t index) const {
  KeyHash hash;
  hash.add(key_[0]);
  hash.add(key_[1]);
  hash.add(name);
  hash.add(index);
  const auto key = hash.finish();
  return RandomStream(key[0], key[1]);
}

// Philox takes 64 bits of key; the other 64 occupy the upper half of its counter.
uint32_t RandomStream::next_u32() {
  if (used_ == 4) {
    block_ = detail::philox4x32_10(
        {low_half(counter_), high_half(counter_), low_half(key_[1]), high_half(key_[1])},
        {low_half(key_[0]), high_half(key_[0])});
    ++counter_;
    used_ = 0;
  }
  return block_[static_cast<size_t>(used_++)];
}

uint64_t RandomStream::next_u64() {
  const uint64_t low = next_u32();
  return low | static_cast<uint64_t>(next_u32()) << 32;
}

double RandomStream::uniform() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }

double RandomStream::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_normal_;
  }
  const double radius = std::sqrt(-2 * detail::portable_log(1 - uniform()));  // 1-u is never 0
  const auto [cos, sin] = detail::portable_cos_sin(uniform());
  spare_normal_ = radius * sin;
  has_spare_ = true;
  return radius * cos;
}

uint64_t RandomStream::below(uint64_t bound) {
  if (bound == 0) throw Error(ErrorCode::kInternal, "RandomStream::below: the bound is 0");
  // Numbers below 2^64 mod bound would make the small remainders likelier.
  const uint64_t rejected = (0 - bound) % bound;
  uint64_t drawn = next_u64();
  while (drawn < rejected) drawn = next_u64();
  return drawn % bound;
}

std::vector<int64_t> RandomStream::permutation(int64_t n) {
  if (n < 0) throw Error(ErrorCode::kInternal, cat("RandomStream::permutation: n is ", n));
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  for (size_t left = order.size(); left > 1; --left) std::swap(order[left - 1], order[below(left)]);
  return order;
}

}  // namespace kd
