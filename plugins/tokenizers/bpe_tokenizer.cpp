#include "bpe_tokenizer.h"

#include <algorithm>
#include <utility>

#include "byte_alphabet.h"
#include "fingerprint.h"
#include "kd/error.h"
#include "tokenizer_json.h"
#include "unicode.h"

namespace kd::tokenizers {

BpeTokenizer::BpeTokenizer(TokenizerSpec spec) : spec_(std::move(spec)) {
  if (spec_.pad < 0) {
    throw Error(ErrorCode::kData, "the tokenizer has no token for padding",
                "name one with pad = \"…\"; the end of text will do");
  }
  const auto& tokens = spec_.model->tokens();
  vocabulary_ = static_cast<int64_t>(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!tokens[id].empty()) ids_.emplace(bytes_to_printable(tokens[id]), static_cast<int64_t>(id));
  }
  for (const AddedToken& token : spec_.added) {
    vocabulary_ = std::max(vocabulary_, token.id + 1);
    ids_[token.content] = token.id;
    added_.emplace(token.id, &token);
  }
  fingerprint_ = sha256_hex(tokenizer_json(spec_));
}

std::vector<int64_t> BpeTokenizer::encode(std::string_view text) const {
  std::vector<int64_t> ids;
  size_t begin = 0;
  size_t at = 0;
  while (const AddedToken* token = find_added(text, begin, at)) {
    encode_plain(text.substr(begin, at - begin), ids);
    ids.push_back(token->id);
    begin = at + token->content.size();
  }
  encode_plain(text.substr(begin), ids);
  return ids;
}

void BpeTokenizer::encode_plain(std::string_view text, std::vector<int64_t>& ids) const {
  if (text.empty()) return;
  std::string changed;
  if (spec_.nfc) text = changed = nfc(text);
  if (spec_.prefix_space && text.front() != ' ') text = changed = " " + std::string(text);
  for (const auto piece : presplit(spec_.presplit, text)) spec_.model->encode(piece, ids);
}

const AddedToken* BpeTokenizer::find_added(std::string_view text, size_t from, size_t& at) const {
  const AddedToken* first = nullptr;
  for (const AddedToken& token : spec_.added) {
    if (token.special) continue;
    const size_t found = text.find(token.content, from);
    if (found == std::string_view::npos) continue;
    const bool longer = first != nullptr && token.content.size() > first->content.size();
    if (first == nullptr || found < at || (found == at && longer)) {
      first = &token;
      at = found;
    }
  }
  return first;
}

std::string BpeTokenizer::decode(const std::vector<int64_t>& ids) const {
  std::string bytes;
  for (const int64_t id : ids) {
    if (id < 0 || id >= vocabulary_) {
      throw Error(ErrorCode::kData,
                  cat("token ", id, " is outside the vocabulary of ", vocabulary_, " tokens"));
    }
    const auto added = added_.find(id);
    if (added == added_.end()) {
      bytes += spec_.model->tokens().at(static_cast<size_t>(id));
    } else if (!added->second->special) {
      bytes += added->second->content;
    }
  }
  return lossy_utf8(bytes);
}

int64_t BpeTokenizer::token_id(std::string_view token) const {
  const auto it = ids_.find(std::string(token));
  return it == ids_.end() ? -1 : it->second;
}

void BpeTokenizer::save(const std::filesystem::path& folder) const {
  save_tokenizer(spec_, folder);
}

}  // namespace kd::tokenizers
