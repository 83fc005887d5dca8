#include "bpe_model.h"

#include <limits>
#include <optional>
#include <queue>
#include <tuple>

#include "kd/error.h"
#include "unicode.h"

namespace kd::tokenizers {
namespace {

constexpr size_t kCachedPieces = 1U << 16U;
constexpr size_t kCachedLength = 64;
constexpr size_t kNone = std::numeric_limits<size_t>::max();

[[noreturn]] void throw_unknown(std::string_view piece, size_t at) {
  size_t start = at;  // of the character that the byte belongs to
  while (start > 0 && at - start < 3 &&
         (static_cast<unsigned char>(piece[start]) & 0xC0U) == 0x80U) {
    --start;
  }
  const CodePoint point = code_point_at(piece, start);
  const std::string name =
      point.valid ? cat("'", piece.substr(start, point.size), "'")
                  : cat("byte ", static_cast<int>(static_cast<unsigned char>(piece[at])));
  throw Error(ErrorCode::kData,
              cat("the tokenizer's vocabulary has no ", name, ", which the text '",
                  piece.substr(0, 60), "' contains"),
              "add it to the alphabet, or use a tokenizer that knows all bytes");
}

}  // namespace

BpeModel::BpeModel(std::vector<std::string> tokens, std::vector<std::pair<int64_t, int64_t>> merges,
                   bool whole_pieces)
    : tokens_(std::move(tokens)), merges_(std::move(merges)), whole_pieces_(whole_pieces) {
  byte_ids_.fill(-1);
  for (size_t id = 0; id < tokens_.size(); ++id) {
    const std::string& bytes = tokens_[id];
    if (bytes.empty()) continue;
    if (bytes.size() == 1) {
      byte_ids_[static_cast<unsigned char>(bytes[0])] = static_cast<int64_t>(id);
    }
    ids_.emplace(bytes, static_cast<int64_t>(id));
  }
  for (size_t rank = 0; rank < merges_.size(); ++rank) {
    const auto [left, right] = merges_[rank];
    const auto& whole =
        tokens_.at(static_cast<size_t>(left)) + tokens_.at(static_cast<size_t>(right));
    const auto it = ids_.find(whole);
    if (it == ids_.end()) {
      throw Error(ErrorCode::kData, cat("merge ", rank, " makes '", lossy_utf8(whole),
                                        "', which is no token of the vocabulary"));
    }
    ranks_.emplace(pair_key(left, right), Merge{static_cast<int64_t>(rank), it->second});
  }
}

std::vector<int64_t> BpeModel::bytes_of(std::string_view piece) const {
  std::vector<int64_t> ids;
  ids.reserve(piece.size());
  for (size_t at = 0; at < piece.size(); ++at) {
    const int64_t id = byte_ids_[static_cast<unsigned char>(piece[at])];
    if (id < 0) throw_unknown(piece, at);
    ids.push_back(id);
  }
  return ids;
}

// The symbols form a linked list; a queue holds the merges that are possible, the most urgent and
// then the leftmost first. An entry is stale when its symbols have changed since.
std::vector<int64_t> BpeModel::merged(std::string_view piece) const {
  std::vector<int64_t> symbols = bytes_of(piece);
  const size_t count = symbols.size();
  std::vector<size_t> next(count);
  std::vector<size_t> previous(count);
  for (size_t i = 0; i < count; ++i) {
    next[i] = i + 1 < count ? i + 1 : kNone;
    previous[i] = i > 0 ? i - 1 : kNone;
  }
  using Entry = std::tuple<int64_t, size_t, int64_t, int64_t, int64_t>;  // rank, place, l, r, made
  std::priority_queue<Entry, std::vector<Entry>, std::greater<>> queue;
  const auto offer = [&](size_t left) {
    if (left == kNone || next[left] == kNone) return;
    const auto it = ranks_.find(pair_key(symbols[left], symbols[next[left]]));
    if (it == ranks_.end()) return;
    queue.emplace(it->second.rank, left, symbols[left], symbols[next[left]], it->second.id);
  };
  for (size_t i = 0; i < count; ++i) offer(i);
  while (!queue.empty()) {
    const auto [rank, place, left, right, made] = queue.top();
    queue.pop();
    const size_t after = next[place];
    if (symbols[place] != left || after == kNone || symbols[after] != right) continue;
    symbols[place] = made;
    symbols[after] = -1;
    next[place] = next[after];
    if (next[place] != kNone) previous[next[place]] = place;
    offer(previous[place]);
    offer(place);
  }
  std::vector<int64_t> ids;
  for (size_t i = 0; i != kNone && i < count; i = next[i]) ids.push_back(symbols[i]);
  return ids;
}

void BpeModel::encode(std::string_view piece, std::vector<int64_t>& ids) const {
  if (piece.empty()) return;
  const auto append = [&](const std::vector<int64_t>& more) {
    ids.insert(ids.end(), more.begin(), more.end());
  };
  if (merges_.empty() && !whole_pieces_) return append(bytes_of(piece));
  const std::string key(piece);
  if (whole_pieces_) {
    const auto whole = ids_.find(key);
    if (whole != ids_.end()) {
      ids.push_back(whole->second);
      return;
    }
  }
  const bool cached = piece.size() <= kCachedLength;
  if (cached) {
    const std::lock_guard lock(cache_mutex_);
    const auto it = cache_.find(key);
    if (it != cache_.end()) return append(it->second);
  }
  const auto made = merged(piece);
  append(made);
  if (!cached) return;
  const std::lock_guard lock(cache_mutex_);
  if (cache_.size() < kCachedPieces) cache_.emplace(key, made);
}

}  // namespace kd::tokenizers
