// The first cut of a text, before merges: words, numbers, punctuation and white space. What the
// tokenizer files express by regular expressions is scanned by hand here.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kd::tokenizers {

enum class Presplit {
  kNone,    // the whole text is one piece
  kGpt2,    // contractions, " word", " 123", " ...", white space
  kLlama3,  // any contraction's case, one character before a word, numbers by three, line ends
  kQwen2,   // as kLlama3, numbers digit by digit
};

// Pieces in order; together they are the text. Bytes that are not UTF-8 count as punctuation.
std::vector<std::string_view> presplit(Presplit rule, std::string_view text);

// The regular expression of a rule as tokenizer.json states it (kLlama3 and kQwen2), and back.
std::string presplit_pattern(Presplit rule);
std::optional<Presplit> presplit_of_pattern(std::string_view pattern);

}  // namespace kd::tokenizers
