// From rows to token sequences and padded batches.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "kd/data.h"
#include "kd/tensors.h"
#include "kd/tokenizer.h"

namespace kd::core {

constexpr int64_t kIgnoredLabel = -100;

// What a row is, by its columns.
enum class RowKind {
  kText,        // text: loss on every token and the end of text
  kMessages,    // messages: loss on what the assistant says, its end marker included
  kCompletion,  // prompt, completion: loss on the completion and the end of text
  kPair,        // chosen, rejected, and prompt unless it is their common beginning
  kPrompt,      // prompt: nothing to learn from, something to continue
};

// prompt, completion, chosen and rejected may each be a text or a list of messages. Throws
// kd::Error(kData) that lists the columns when none of the kinds fits.
RowKind row_kind(const Row& row);
std::string to_string(RowKind kind);

// One sequence, aligned: labels[t] is the token that the logits at t must predict, kIgnoredLabel
// where no loss counts. A text of n tokens gives n-1 positions: ids are its tokens 0 … n-2, labels
// its tokens 1 … n-1.
struct EncodedRow {
  std::vector<int64_t> ids;
  std::vector<int64_t> labels;

  int64_t labelled() const;  // positions that count
};

struct EncodeOptions {
  int64_t max_length = 1024;  // positions; what is longer loses its end, the prompt stays
};

// A dataset in tokens. Of pairs, `rows` are the chosen and `rejected` the other sides.
struct EncodedDataset {
  RowKind kind = RowKind::kText;
  std::vector<EncodedRow> rows;
  std::vector<EncodedRow> rejected;  // pairs only, same size as `rows`
  std::vector<int64_t> source_rows;  // index of each in the row source
  int64_t pad = 0;
  int64_t without_label = 0;  // rows kept out: their prompt alone fills max_length
  int64_t truncated = 0;      // rows (sides) that lost their end

  int64_t size() const { return static_cast<int64_t>(rows.size()); }
  // Positions of the longer side: what a batch pads to.
  std::vector<int64_t> lengths() const;
};

// Encodes all rows. Text starts with the tokenizer's begin token where it has one. Prompt and
// completion are tokenised apart, so that a completion continues exactly what encode_prompt gives.
// Warns of rows kept out. Throws kd::Error(kData), naming `dataset` and the row: rows of different
// kinds, prompts without anything to learn, nothing left. [main]
EncodedDataset encode_dataset(const RowSource& rows, const Tokenizer& tokenizer,
                              const EncodeOptions& options, const std::string& dataset);

// The sequence of one row that is no pair, uncut; of a pair's side: {prompt, completion} of it.
EncodedRow encode_row(const Row& row, const Tokenizer& tokenizer);

// What a model continues for this row: the prompt, or the messages before the last answer with the
// header of the next one. A row of text has no prompt: the begin token alone.
std::vector<int64_t> encode_prompt(const Row& row, const Tokenizer& tokenizer);

// The tokens that end a completion of this row: the end of text, and the end marker of
// conversations.
std::vector<int64_t> stop_tokens(const Row& row, const Tokenizer& tokenizer);

// "input_ids" [B, T] int64 filled with `pad`, "labels" [B, T] int64 filled with kIgnoredLabel,
// "attention_mask" [B, T] int64 (1: real token); padded on the right to `length`, or to the longest
// row when that is longer. Throws kd::Error(kInternal) for no rows.
TensorMap collate(std::span<const EncodedRow* const> rows, int64_t pad, int64_t length = 0);

// A batch of a dataset. Pairs have each tensor twice, "chosen.input_ids" and "rejected.input_ids",
// both sides padded to one T.
TensorMap collate(const EncodedDataset& dataset, std::span<const int64_t> rows);

}  // namespace kd::core
