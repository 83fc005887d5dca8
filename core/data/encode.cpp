#include "core/data/encode.h"

#include <ATen/ops/full.h>

#include <algorithm>
#include <optional>

#include "core/data/chatml.h"
#include "core/data/implicit_prompt.h"
#include "core/data/row_views.h"
#include "kd/error.h"
#include "kd/log.h"

namespace kd::core {
namespace {

bool has(const Row& row, const char* column) {
  const auto it = row.find(column);
  return it != row.end() && !it->second.is_nil();
}

const Value& text_or_messages(const Row& row, const char* column) {
  const Value& value = row.at(column);
  if (!value.is_string() && !value.is_list()) {
    throw Error(ErrorCode::kData, cat("column '", column, "' is ", value.preview(),
                                      ", not a text or a list of messages"));
  }
  return value;
}

MarkedTokens begin_of_text(const Tokenizer& tokenizer) {
  MarkedTokens out;
  if (tokenizer.bos() >= 0) out.append({tokenizer.bos()}, false);
  return out;
}

void append_end_of_text(MarkedTokens& tokens, const Tokenizer& tokenizer) {
  if (tokenizer.eos() >= 0) tokens.append({tokenizer.eos()}, true);
}

MarkedTokens mark_prompt(const Value& prompt, const Tokenizer& tokenizer) {
  MarkedTokens out = begin_of_text(tokenizer);
  if (prompt.is_string()) {
    out.append(tokenizer.encode(prompt.as_string()), false);
  } else {
    out.append(chatml(prompt.as_list(), tokenizer).ids, false);
    out.append(chatml_generation_prompt(tokenizer), false);
  }
  return out;
}

// The answer to a conversation as it follows the generation prompt: the message's own header is
// already there.
MarkedTokens mark_answer(const Value::List& messages, const Tokenizer& tokenizer) {
  const MarkedTokens all = chatml(messages, tokenizer);
  const auto header = chatml_generation_prompt(tokenizer);
  const bool starts_with_header =
      all.ids.size() >= header.size() && std::equal(header.begin(), header.end(), all.ids.begin());
  if (!starts_with_header) {
    throw Error(ErrorCode::kData, "a completion in messages must begin with an assistant message");
  }
  const auto skip = static_cast<std::ptrdiff_t>(header.size());
  return {{all.ids.begin() + skip, all.ids.end()}, {all.counted.begin() + skip, all.counted.end()}};
}

MarkedTokens mark_completion(const Value& prompt, const Value& completion,
                             const Tokenizer& tokenizer) {
  MarkedTokens out = mark_prompt(prompt, tokenizer);
  if (completion.is_list()) {
    out.append(mark_answer(completion.as_list(), tokenizer));
    return out;
  }
  out.append(tokenizer.encode(completion.as_string()), true);
  if (prompt.is_list()) {
    out.append({chatml_end(tokenizer)}, true);
  } else {
    append_end_of_text(out, tokenizer);
  }
  return out;
}

MarkedTokens mark_row(const Row& row, const Tokenizer& tokenizer) {
  switch (row_kind(row)) {
    case RowKind::kText: {
      MarkedTokens out = begin_of_text(tokenizer);
      out.append(tokenizer.encode(row.at("text").as_string()), true);
      append_end_of_text(out, tokenizer);
      return out;
    }
    case RowKind::kMessages: {
      MarkedTokens out = begin_of_text(tokenizer);
      out.append(chatml(row.at("messages").as_list(), tokenizer));
      return out;
    }
    case RowKind::kCompletion:
      return mark_completion(text_or_messages(row, "prompt"), text_or_messages(row, "completion"),
                             tokenizer);
    case RowKind::kPair:
    case RowKind::kPrompt:
      break;
  }
  throw Error(ErrorCode::kData,
              cat("a row of kind ", to_string(row_kind(row)), " has no completion to learn from"),
              cat("columns: ", join(columns_of(MemoryRows({row})))));
}

EncodedRow align(const MarkedTokens& tokens) {
  EncodedRow out;
  if (tokens.ids.size() < 2) return out;
  out.ids.assign(tokens.ids.begin(), tokens.ids.end() - 1);
  out.labels.resize(out.ids.size(), kIgnoredLabel);
  for (size_t t = 0; t < out.ids.size(); ++t) {
    if (tokens.counted[t + 1]) out.labels[t] = tokens.ids[t + 1];
  }
  return out;
}

// Returns whether something was cut.
bool cut(EncodedRow& row, int64_t max_length) {
  const auto limit = static_cast<size_t>(max_length);
  if (row.ids.size() <= limit) return false;
  row.ids.resize(limit);
  row.labels.resize(limit);
  return true;
}

Row side_of(const Value& prompt, const Value& completion) {
  return {{"prompt", prompt}, {"completion", completion}};
}

// Adds rows to an EncodedDataset, and keeps account of those left out.
class DatasetEncoder {
 public:
  DatasetEncoder(const Tokenizer& tokenizer, const EncodeOptions& options)
      : tokenizer_(tokenizer), options_(options) {
    out_.pad = tokenizer.pad();
  }

  void add(const Row& row, int64_t index) {
    const RowKind kind = row_kind(row);
    if (index == 0) out_.kind = kind;
    if (kind != out_.kind) {
      throw Error(
          ErrorCode::kData,
          cat("a row of kind ", to_string(kind), " among rows of kind ", to_string(out_.kind)),
          "a stage trains on rows of one kind: use where or map");
    }
    if (kind == RowKind::kPair) return add_pair(row, index);
    EncodedRow encoded = encode_row(row, tokenizer_);
    out_.truncated += cut(encoded, options_.max_length) ? 1 : 0;
    if (encoded.labelled() == 0) {
      ++out_.without_label;
      return;
    }
    out_.rows.push_back(std::move(encoded));
    out_.source_rows.push_back(index);
  }

  EncodedDataset take() { return std::move(out_); }

 private:
  void add_pair(const Row& row, int64_t index) {
    const PairTexts texts = pair_texts(row);
    EncodedRow chosen = encode_row(side_of(texts.prompt, texts.chosen), tokenizer_);
    EncodedRow rejected = encode_row(side_of(texts.prompt, texts.rejected), tokenizer_);
    out_.truncated += cut(chosen, options_.max_length) ? 1 : 0;
    out_.truncated += cut(rejected, options_.max_length) ? 1 : 0;
    if (chosen.labelled() == 0 || rejected.labelled() == 0) {
      ++out_.without_label;
      return;
    }
    out_.rows.push_back(std::move(chosen));
    out_.rejected.push_back(std::move(rejected));
    out_.source_rows.push_back(index);
  }

  const Tokenizer& tokenizer_;
  EncodeOptions options_;
  EncodedDataset out_;
};

void report(const EncodedDataset& encoded, int64_t rows, const EncodeOptions& options,
            const std::string& dataset) {
  if (encoded.truncated > 0) {
    log_warning(cat(dataset, ": ", encoded.truncated, " sequences are longer than max_length = ",
                    options.max_length, " and lost their end"));
  }
  if (encoded.without_label > 0) {
    log_warning(cat(dataset, ": ", encoded.without_label, " of ", rows,
                    " rows have nothing to learn within max_length = ", options.max_length,
                    " and are kept out"));
  }
  if (encoded.rows.empty()) {
    throw Error(ErrorCode::kData, cat("dataset ", dataset, " has no row to train on"),
                rows == 0 ? "it is empty: check the stage or operation before it"
                          : "no row has a label: raise max_length or check the columns");
  }
}

}  // namespace

RowKind row_kind(const Row& row) {
  if (has(row, "chosen") && has(row, "rejected")) return RowKind::kPair;
  if (has(row, "prompt") && has(row, "completion")) return RowKind::kCompletion;
  if (has(row, "messages")) return RowKind::kMessages;
  if (has(row, "text")) return RowKind::kText;
  if (has(row, "prompt")) return RowKind::kPrompt;
  std::vector<std::string> columns;
  for (const auto& [name, value] : row) columns.push_back(name);
  throw Error(ErrorCode::kData, cat("a row with columns ", join(columns), " is no training row"),
              "rows have text, messages, prompt and completion, or prompt, chosen and rejected; "
              "rename columns with :map { rename = { … } }");
}

std::string to_string(RowKind kind) {
  switch (kind) {
    case RowKind::kText:
      return "text";
    case RowKind::kMessages:
      return "messages";
    case RowKind::kCompletion:
      return "prompt-completion";
    case RowKind::kPair:
      return "preference pair";
    case RowKind::kPrompt:
      return "prompt";
  }
  return "unknown";
}

int64_t EncodedRow::labelled() const {
  return std::count_if(labels.begin(), labels.end(),
                       [](int64_t label) { return label != kIgnoredLabel; });
}

std::vector<int64_t> EncodedDataset::lengths() const {
  std::vector<int64_t> out;
  for (size_t i = 0; i < rows.size(); ++i) {
    const size_t other = rejected.empty() ? 0 : rejected[i].ids.size();
    out.push_back(static_cast<int64_t>(std::max(rows[i].ids.size(), other)));
  }
  return out;
}

EncodedDataset encode_dataset(const RowSource& rows, const Tokenizer& tokenizer,
                              const EncodeOptions& options, const std::string& dataset) {
  DatasetEncoder encoder(tokenizer, options);
  for (int64_t i = 0; i < rows.size(); ++i) {
    try {
      encoder.add(rows.row(i), i);
    } catch (Error& error) {
      error.add_where(cat("dataset ", dataset, ", row ", i));
      throw;
    }
  }
  EncodedDataset encoded = encoder.take();
  report(encoded, rows.size(), options, dataset);
  return encoded;
}

EncodedRow encode_row(const Row& row, const Tokenizer& tokenizer) {
  return align(mark_row(row, tokenizer));
}

std::vector<int64_t> encode_prompt(const Row& row, const Tokenizer& tokenizer) {
  const RowKind kind = row_kind(row);
  if (kind == RowKind::kText) return begin_of_text(tokenizer).ids;
  if (kind == RowKind::kPair) return mark_prompt(pair_texts(row).prompt, tokenizer).ids;
  if (kind != RowKind::kMessages) {
    return mark_prompt(text_or_messages(row, "prompt"), tokenizer).ids;
  }
  Value::List messages = row.at("messages").as_list();
  const Value* role = messages.empty() ? nullptr : messages.back().find("role");
  if (role != nullptr && *role == Value("assistant")) messages.pop_back();
  return mark_prompt(Value(std::move(messages)), tokenizer).ids;
}

std::vector<int64_t> stop_tokens(const Row& row, const Tokenizer& tokenizer) {
  std::vector<int64_t> stop;
  if (tokenizer.eos() >= 0) stop.push_back(tokenizer.eos());
  const RowKind kind = row_kind(row);
  const bool is_chat =
      kind == RowKind::kMessages || (has(row, "prompt") && row.at("prompt").is_list());
  if (is_chat) {
    const int64_t end = chatml_end(tokenizer);
    if (std::find(stop.begin(), stop.end(), end) == stop.end()) stop.push_back(end);
  }
  return stop;
}

TensorMap collate(std::span<const EncodedRow* const> rows, int64_t pad, int64_t length) {
  if (rows.empty()) throw Error(ErrorCode::kInternal, "a batch without rows");
  int64_t columns = length;
  for (const auto* row : rows) columns = std::max(columns, static_cast<int64_t>(row->ids.size()));
  const auto batch = static_cast<int64_t>(rows.size());
  const auto filled = [&](int64_t value) {
    return at::full({batch, columns}, value, at::TensorOptions().dtype(at::kLong));  // [B,T]
  };
  TensorMap out = {
      {"input_ids", filled(pad)}, {"labels", filled(kIgnoredLabel)}, {"attention_mask", filled(0)}};
  for (int64_t b = 0; b < batch; ++b) {
    const EncodedRow& row = *rows[static_cast<size_t>(b)];
    const auto start = [&](const char* name) {
      return out.at(name).mutable_data_ptr<int64_t>() + b * columns;
    };
    std::copy(row.ids.begin(), row.ids.end(), start("input_ids"));
    std::copy(row.labels.begin(), row.labels.end(), start("labels"));
    std::fill_n(start("attention_mask"), row.ids.size(), 1);
  }
  return out;
}

TensorMap collate(const EncodedDataset& dataset, std::span<const int64_t> rows) {
  const auto pick = [&](const std::vector<EncodedRow>& from) {
    std::vector<const EncodedRow*> picked;
    for (const int64_t i : rows) picked.push_back(&from.at(static_cast<size_t>(i)));
    return picked;
  };
  const auto chosen = pick(dataset.rows);
  if (dataset.kind != RowKind::kPair) return collate(chosen, dataset.pad);
  const auto rejected = pick(dataset.rejected);
  size_t length = 0;
  for (const auto* row : chosen) length = std::max(length, row->ids.size());
  for (const auto* row : rejected) length = std::max(length, row->ids.size());
  TensorMap out;
  for (auto& [name, tensor] : collate(chosen, dataset.pad, static_cast<int64_t>(length))) {
    out.emplace("chosen." + name, tensor);
  }
  for (auto& [name, tensor] : collate(rejected, dataset.pad, static_cast<int64_t>(length))) {
    out.emplace("rejected." + name, tensor);
  }
  return out;
}

}  // namespace kd::core
