// The Hugging Face layout: tokenizer.json and tokenizer_config.json.
#pragma once

#include <filesystem>
#include <string>

#include "bpe_tokenizer.h"

namespace kd::tokenizers {

// Names of special tokens that the caller wants instead of what the files say; empty: theirs.
struct SpecialNames {
  std::string eos;
  std::string pad;
};

// Reads a tokenizer.json, or the one in a folder. Byte-level BPE only. Throws kd::Error(kData) that
// names the file and the feature it does not know, rather than give other ids than the file means.
TokenizerSpec load_tokenizer(const std::filesystem::path& path, const SpecialNames& names);

// The text of tokenizer.json.
std::string tokenizer_json(const TokenizerSpec& spec);

// Writes both files, each beside its name first and then renamed. Throws kd::Error(kDisk).
void save_tokenizer(const TokenizerSpec& spec, const std::filesystem::path& folder);

}  // namespace kd::tokenizers
