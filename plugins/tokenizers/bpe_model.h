// Byte-level byte-pair encoding: pieces of bytes to token ids.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kd::tokenizers {

// Thread-safe after construction. [any]
class BpeModel {
 public:
  // `tokens` maps ids to byte strings; the empty string marks ids that are no part of the model
  // (special tokens). `merges` are pairs of ids, the first the most urgent. `whole_pieces`: a piece
  // that is itself a token is not taken apart ("ignore_merges"). Throws kd::Error(kData) when a
  // merge does not make a token.
  BpeModel(std::vector<std::string> tokens, std::vector<std::pair<int64_t, int64_t>> merges,
           bool whole_pieces);

  // Appends the piece's ids. Throws kd::Error(kData) for a byte that the vocabulary lacks.
  void encode(std::string_view piece, std::vector<int64_t>& ids) const;

  const std::vector<std::string>& tokens() const { return tokens_; }
  const std::vector<std::pair<int64_t, int64_t>>& merges() const { return merges_; }
  bool whole_pieces() const { return whole_pieces_; }

 private:
  struct Merge {
    int64_t rank = 0;
    int64_t id = 0;
  };
  static uint64_t pair_key(int64_t left, int64_t right) {
    return (static_cast<uint64_t>(left) << 32U) | static_cast<uint64_t>(right);
  }
  std::vector<int64_t> bytes_of(std::string_view piece) const;
  std::vector<int64_t> merged(std::string_view piece) const;

  std::vector<std::string> tokens_;
  std::vector<std::pair<int64_t, int64_t>> merges_;
  bool whole_pieces_;
  std::array<int64_t, 256> byte_ids_;
  std::unordered_map<std::string, int64_t> ids_;
  std::unordered_map<uint64_t, Merge> ranks_;
  mutable std::mutex cache_mutex_;
  mutable std::unordered_map<std::string, std::vector<int64_t>> cache_;  // of short pieces
};

}  // namespace kd::tokenizers
