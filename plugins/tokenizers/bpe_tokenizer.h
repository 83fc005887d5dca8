// The tokenizer that all components here make: normalise, cut, merge.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "bpe_model.h"
#include "kd/tokenizer.h"
#include "presplit.h"

namespace kd::tokenizers {

// A token outside the merges. Special ones are never found in text; the others always are.
struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool special = true;
};

// All that decides ids. `bos` >= 0: sequences begin with it.
struct TokenizerSpec {
  std::shared_ptr<const BpeModel> model;
  Presplit presplit = Presplit::kNone;
  bool nfc = false;
  bool prefix_space = false;
  std::vector<AddedToken> added;
  int64_t bos = -1;
  int64_t eos = -1;
  int64_t pad = -1;
};

class BpeTokenizer : public Tokenizer {
 public:
  // Throws kd::Error(kData) when there is no pad token.
  explicit BpeTokenizer(TokenizerSpec spec);
  BpeTokenizer(const BpeTokenizer&) = delete;  // added_ points into spec_
  BpeTokenizer& operator=(const BpeTokenizer&) = delete;

  std::vector<int64_t> encode(std::string_view text) const override;
  std::string decode(const std::vector<int64_t>& ids) const override;
  int64_t vocabulary() const override { return vocabulary_; }
  int64_t bos() const override { return spec_.bos; }
  int64_t eos() const override { return spec_.eos; }
  int64_t pad() const override { return spec_.pad; }
  int64_t token_id(std::string_view token) const override;
  // tokenizer.json, and tokenizer_config.json with the names of the special tokens.
  void save(const std::filesystem::path& folder) const override;
  std::string fingerprint() const override { return fingerprint_; }

 private:
  void encode_plain(std::string_view text, std::vector<int64_t>& ids) const;
  // The first token of `added` (no special one) in the text from `from`; null: there is none.
  const AddedToken* find_added(std::string_view text, size_t from, size_t& at) const;

  TokenizerSpec spec_;
  int64_t vocabulary_ = 0;
  std::unordered_map<std::string, int64_t> ids_;          // as files write tokens
  std::unordered_map<int64_t, const AddedToken*> added_;  // by id
  std::string fingerprint_;
};

}  // namespace kd::tokenizers
