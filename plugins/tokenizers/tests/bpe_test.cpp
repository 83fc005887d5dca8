#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "bpe_model.h"
#include "bpe_training.h"
#include "kd/error.h"
#include "kd/random.h"
#include "tests/support.h"

namespace kd::tokenizers {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Pair = std::pair<int64_t, int64_t>;

std::vector<int64_t> encode(const BpeModel& model, std::string_view piece) {
  std::vector<int64_t> ids;
  model.encode(piece, ids);
  return ids;
}

// Joins, again and again, all occurrences of the most urgent pair: slow, and plainly right.
std::vector<int64_t> slow_encode(const BpeModel& model, std::string_view piece) {
  std::map<std::string, int64_t> ids;
  for (size_t i = 0; i < model.tokens().size(); ++i) {
    if (!model.tokens()[i].empty()) ids.emplace(model.tokens()[i], static_cast<int64_t>(i));
  }
  std::vector<int64_t> symbols;
  for (const char c : piece) symbols.push_back(ids.at(std::string(1, c)));
  for (;;) {
    size_t best = model.merges().size();
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto it =
          std::find(model.merges().begin(), model.merges().end(), Pair(symbols[i], symbols[i + 1]));
      best = std::min(best, static_cast<size_t>(it - model.merges().begin()));
    }
    if (best == model.merges().size()) return symbols;
    const auto [left, right] = model.merges()[best];
    const auto made = ids.at(model.tokens()[static_cast<size_t>(left)] +
                             model.tokens()[static_cast<size_t>(right)]);
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      if (symbols[i] != left || symbols[i + 1] != right) continue;
      symbols[i] = made;
      symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    }
  }
}

TEST(BpeModel, MergesByRankNotByPlace) {
  // a=0 b=1 c=2 bc=3 ab=4; (b,c) comes first.
  const BpeModel model({"a", "b", "c", "bc", "ab"}, {{1, 2}, {0, 1}}, false);
  EXPECT_THAT(encode(model, "abc"), ElementsAre(0, 3));
  EXPECT_THAT(encode(model, "aba"), ElementsAre(4, 0));
}

TEST(BpeModel, OverlapsGoToTheLeft) {
  const BpeModel model({"a", "aa", "aaa"}, {{0, 0}}, false);
  EXPECT_THAT(encode(model, "aaa"), ElementsAre(1, 0));
}

TEST(BpeModel, WholePiecesMayBeTokensWithoutMerges) {
  const BpeModel model({"a", "b", "ab"}, {}, true);
  EXPECT_THAT(encode(model, "ab"), ElementsAre(2));
  EXPECT_THAT(encode(model, "aba"), ElementsAre(0, 1, 0));
}

TEST(BpeModel, NamesTheCharacterItLacks) {
  const BpeModel model({"a"}, {}, false);
  try {
    encode(model, "aé");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("'é'"));
  }
}

TEST(BpeModel, RefusesAMergeThatMakesNoToken) {
  EXPECT_THROW(BpeModel({"a", "b"}, {{0, 1}}, false), Error);
}

TEST(BpeModel, TheQueueFindsWhatTheSlowWayFinds) {
  std::vector<std::string> texts = test::sample_texts();
  const TrainedBpe trained = train_bpe(texts, Presplit::kNone, 500);
  const BpeModel model(trained.tokens, trained.merges, false);
  RandomStream stream(StreamKey{1, "test", "bpe", 0, 0});
  for (int i = 0; i < 300; ++i) {
    const auto& text = texts[stream.below(texts.size())];
    const std::string piece = text.substr(stream.below(text.size() + 1), stream.below(40));
    EXPECT_EQ(encode(model, piece), slow_encode(model, piece)) << piece;
    EXPECT_EQ(encode(model, piece), slow_encode(model, piece)) << piece << " from the cache";
  }
}

TEST(BpeModel, ALongPieceTakesNoQuadraticTime) {
  const TrainedBpe trained = train_bpe({std::string(100, 'a')}, Presplit::kNone, 262);
  const BpeModel model(trained.tokens, trained.merges, false);
  const auto start = std::chrono::steady_clock::now();
  encode(model, std::string(400000, 'a'));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

TEST(BpeTraining, MergesTheMostFrequentPairFirst) {
  const TrainedBpe trained = train_bpe({"abab", "abc", "bc", "bc"}, Presplit::kNone, 258);
  EXPECT_THAT(trained.merges, ElementsAre(Pair('a', 'b'), Pair('b', 'c')));
  EXPECT_EQ(trained.tokens[256], "ab");
}

TEST(BpeTraining, OfEquallyFrequentPairsTheSmallerIdsGoFirst) {
  const TrainedBpe trained = train_bpe({"zy", "zy", "ab", "ab"}, Presplit::kNone, 258);
  EXPECT_THAT(trained.merges, ElementsAre(Pair('a', 'b'), Pair('z', 'y')));
}

TEST(BpeTraining, StopsWhereNothingRepeats) {
  const TrainedBpe trained = train_bpe({"abc"}, Presplit::kNone, 1000);
  EXPECT_TRUE(trained.merges.empty());
  EXPECT_EQ(trained.tokens.size(), 256U);
}

// Counts anew before each merge.
std::vector<Pair> slow_merges(const std::vector<std::string>& texts, Presplit rule, size_t count) {
  std::vector<std::vector<int64_t>> words;
  for (const auto& text : texts) {
    for (const auto piece : presplit(rule, text)) {
      words.emplace_back();
      for (const char c : piece) words.back().push_back(static_cast<unsigned char>(c));
    }
  }
  std::vector<Pair> merges;
  while (merges.size() < count) {
    std::map<Pair, int64_t> counts;
    for (const auto& word : words) {
      for (size_t i = 0; i + 1 < word.size(); ++i) ++counts[{word[i], word[i + 1]}];
    }
    const auto best =
        std::max_element(counts.begin(), counts.end(), [](const auto& a, const auto& b) {
          return a.second != b.second ? a.second < b.second : a.first > b.first;
        });
    if (best == counts.end() || best->second < 2) break;
    const auto made = static_cast<int64_t>(256 + merges.size());
    merges.push_back(best->first);
    for (auto& word : words) {
      for (size_t i = 0; i + 1 < word.size(); ++i) {
        if (Pair(word[i], word[i + 1]) != merges.back()) continue;
        word[i] = made;
        word.erase(word.begin() + static_cast<std::ptrdiff_t>(i) + 1);
      }
    }
  }
  return merges;
}

TEST(BpeTraining, TheQueueFindsWhatCountingAnewFinds) {
  std::vector<std::string> texts = test::sample_texts();
  for (int i = 0; i < 3; ++i) texts.push_back("aaaa aaa aaaaaa bababab abab " + texts[i]);
  for (const auto rule : {Presplit::kNone, Presplit::kQwen2}) {
    EXPECT_EQ(train_bpe(texts, rule, 400).merges, slow_merges(texts, rule, 144));
  }
}

TEST(BpeTraining, OrderOfTextsDoesNotMatter) {
  auto texts = test::sample_texts();
  const auto forward = train_bpe(texts, Presplit::kQwen2, 350);
  std::reverse(texts.begin(), texts.end());
  EXPECT_EQ(train_bpe(texts, Presplit::kQwen2, 350).merges, forward.merges);
}

}  // namespace
}  // namespace kd::tokenizers
