#include "bpe_training.h"

#include <map>
#include <queue>
#include <set>
#include <unordered_map>

namespace kd::tokenizers {
namespace {

using Pair = std::pair<int64_t, int64_t>;

constexpr int64_t kLeastCount = 2;

struct Word {
  std::vector<int64_t> symbols;
  int64_t count = 0;
};

// The more frequent first, then the smaller ids.
struct Candidate {
  int64_t count = 0;
  Pair pair;
  bool operator<(const Candidate& other) const {
    return count != other.count ? count < other.count : pair > other.pair;
  }
};

class Trainer {
 public:
  Trainer(const std::vector<std::string>& texts, Presplit rule) {
    std::map<std::string, int64_t, std::less<>> counts;
    for (const auto& text : texts) {
      for (const auto piece : presplit(rule, text)) {
        const auto it = counts.find(piece);
        if (it != counts.end())
          ++it->second;
        else
          counts.emplace(piece, 1);
      }
    }
    for (const auto& [piece, count] : counts) add_word(piece, count);
    for (const auto& [pair, count] : counts_) queue_.push({count, pair});
    for (int byte = 0; byte < 256; ++byte) out_.tokens.emplace_back(1, static_cast<char>(byte));
  }

  TrainedBpe run(int64_t tokens) {
    while (static_cast<int64_t>(out_.tokens.size()) < tokens && !queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      const int64_t present = counts_[best.pair];
      if (best.count != present) {  // stale: its true count goes back in
        if (present >= kLeastCount) queue_.push({present, best.pair});
        continue;
      }
      if (present < kLeastCount) break;
      merge(best.pair);
    }
    return std::move(out_);
  }

 private:
  void add_word(std::string_view piece, int64_t count) {
    Word word;
    word.count = count;
    for (const char byte : piece) word.symbols.push_back(static_cast<unsigned char>(byte));
    const auto index = words_.size();
    words_.push_back(std::move(word));
    count_pairs(index, 1);
  }

  void count_pairs(size_t index, int64_t sign) {
    const Word& word = words_[index];
    for (size_t i = 0; i + 1 < word.symbols.size(); ++i) {
      const Pair pair = {word.symbols[i], word.symbols[i + 1]};
      counts_[pair] += sign * word.count;
      if (sign > 0) places_[pair].insert(index);
    }
  }

  void merge(const Pair& pair) {
    const auto id = static_cast<int64_t>(out_.tokens.size());
    out_.merges.push_back(pair);
    out_.tokens.push_back(out_.tokens[static_cast<size_t>(pair.first)] +
                          out_.tokens[static_cast<size_t>(pair.second)]);
    const std::set<size_t> touched = std::move(places_[pair]);
    places_.erase(pair);
    std::set<Pair> grown;
    for (const size_t index : touched) {
      count_pairs(index, -1);
      join(words_[index].symbols, pair, id, grown);
      count_pairs(index, 1);
    }
    for (const Pair& one : grown) queue_.push({counts_[one], one});
  }

  static void join(std::vector<int64_t>& symbols, const Pair& pair, int64_t id,
                   std::set<Pair>& grown) {
    std::vector<int64_t> out;
    for (size_t i = 0; i < symbols.size(); ++i) {
      const bool found =
          i + 1 < symbols.size() && symbols[i] == pair.first && symbols[i + 1] == pair.second;
      out.push_back(found ? id : symbols[i]);
      if (found) ++i;
    }
    for (size_t i = 0; i + 1 < out.size(); ++i) {
      if (out[i] == id || out[i + 1] == id) grown.emplace(out[i], out[i + 1]);
    }
    symbols = std::move(out);
  }

  std::vector<Word> words_;
  std::map<Pair, int64_t> counts_;
  std::map<Pair, std::set<size_t>> places_;  // words that hold, or once held, the pair
  std::priority_queue<Candidate> queue_;
  TrainedBpe out_;
};

}  // namespace

TrainedBpe train_bpe(const std::vector<std::string>& texts, Presplit rule, int64_t tokens) {
  return Trainer(texts, rule).run(tokens);
}

}  // namespace kd::tokenizers
