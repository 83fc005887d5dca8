// Tokenizers: text <-> token ids.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace kd {

// Thread-safe after construction. [any]
class Tokenizer {
 public:
  static constexpr const char* kKind = "tokenizer";
  virtual ~Tokenizer();

  // Ids of plain text; special tokens are not recognised inside it and none are added.
  virtual std::vector<int64_t> encode(std::string_view text) const = 0;
  // Text of the ids; special tokens are left out. Invalid UTF-8 becomes U+FFFD.
  virtual std::string decode(const std::vector<int64_t>& ids) const = 0;

  virtual int64_t vocabulary() const = 0;                      // ids are 0 … vocabulary-1
  virtual int64_t bos() const = 0;                             // begin of text; -1: there is none
  virtual int64_t eos() const = 0;                             // end of text; -1: there is none
  virtual int64_t pad() const = 0;                             // padding; never -1 (may equal eos)
  virtual int64_t token_id(std::string_view token) const = 0;  // -1: no such token

  // Writes tokenizer.json (the Hugging Face layout) into `folder`.
  virtual void save(const std::filesystem::path& folder) const = 0;
  // Equal for tokenizers that give the same ids to the same text: a hash of vocabulary and rules.
  virtual std::string fingerprint() const = 0;
};

}  // namespace kd
