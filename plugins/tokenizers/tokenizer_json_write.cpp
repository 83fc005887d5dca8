#include <fstream>
#include <system_error>

#include "byte_alphabet.h"
#include "kd/error.h"
#include "kd/json.h"
#include "tokenizer_json.h"

namespace kd::tokenizers {
namespace {

using Map = Value::Map;
using List = Value::List;

std::string content_of(const TokenizerSpec& spec, int64_t id) {
  for (const auto& token : spec.added) {
    if (token.id == id) return token.content;
  }
  return bytes_to_printable(spec.model->tokens().at(static_cast<size_t>(id)));
}

Value added_tokens(const TokenizerSpec& spec) {
  List out;
  for (const auto& token : spec.added) {
    out.emplace_back(Map{{"id", token.id},
                         {"content", token.content},
                         {"single_word", false},
                         {"lstrip", false},
                         {"rstrip", false},
                         {"normalized", false},
                         {"special", token.special}});
  }
  return Value(std::move(out));
}

Value byte_level(bool prefix_space, bool use_regex) {
  return Value(Map{{"type", "ByteLevel"},
                   {"add_prefix_space", prefix_space},
                   {"trim_offsets", true},
                   {"use_regex", use_regex}});
}

Value pre_tokenizer(const TokenizerSpec& spec) {
  if (spec.presplit == Presplit::kNone || spec.presplit == Presplit::kGpt2) {
    return byte_level(spec.prefix_space, spec.presplit == Presplit::kGpt2);
  }
  Value split(Map{{"type", "Split"},
                  {"pattern", Map{{"Regex", presplit_pattern(spec.presplit)}}},
                  {"behavior", "Isolated"},
                  {"invert", false}});
  return Value(
      Map{{"type", "Sequence"},
          {"pretokenizers", List{std::move(split), byte_level(spec.prefix_space, false)}}});
}

// The begin token before a text, as the readers of this file add it.
Value post_processor(const TokenizerSpec& spec) {
  if (spec.bos < 0) return {};
  const std::string name = content_of(spec, spec.bos);
  const auto special = [&](int type) {
    return Value(Map{{"SpecialToken", Map{{"id", name}, {"type_id", type}}}});
  };
  const auto text = [](const char* id, int type) {
    return Value(Map{{"Sequence", Map{{"id", id}, {"type_id", type}}}});
  };
  const Value token(Map{{"id", name}, {"ids", List{spec.bos}}, {"tokens", List{name}}});
  return Value(Map{{"type", "TemplateProcessing"},
                   {"single", List{special(0), text("A", 0)}},
                   {"pair", List{special(0), text("A", 0), special(1), text("B", 1)}},
                   {"special_tokens", Map{{name, token}}}});
}

Value model(const TokenizerSpec& spec) {
  const auto& tokens = spec.model->tokens();
  Map vocabulary;
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (tokens[id].empty()) continue;
    vocabulary.emplace(bytes_to_printable(tokens[id]), static_cast<int64_t>(id));
  }
  for (const auto& token : spec.added) vocabulary[token.content] = token.id;
  List merges;
  for (const auto& [left, right] : spec.model->merges()) {
    merges.emplace_back(List{bytes_to_printable(tokens.at(static_cast<size_t>(left))),
                             bytes_to_printable(tokens.at(static_cast<size_t>(right)))});
  }
  return Value(Map{{"type", "BPE"},
                   {"dropout", Value()},
                   {"unk_token", Value()},
                   {"continuing_subword_prefix", Value()},
                   {"end_of_word_suffix", Value()},
                   {"fuse_unk", false},
                   {"byte_fallback", false},
                   {"ignore_merges", spec.model->whole_pieces()},
                   {"vocab", std::move(vocabulary)},
                   {"merges", std::move(merges)}});
}

std::string config_json(const TokenizerSpec& spec) {
  Map config = {{"tokenizer_class", "PreTrainedTokenizerFast"},
                {"pad_token", content_of(spec, spec.pad)},
                {"clean_up_tokenization_spaces", false}};
  if (spec.eos >= 0) config["eos_token"] = content_of(spec, spec.eos);
  if (spec.bos >= 0) config["bos_token"] = content_of(spec, spec.bos);
  return to_json(Value(std::move(config)), 2);
}

void write_file(const std::filesystem::path& path, const std::string& text) {
  auto beside = path;
  beside += ".part";
  std::ofstream out(beside, std::ios::binary);
  out << text << '\n';
  out.close();
  std::error_code error;
  if (out) std::filesystem::rename(beside, path, error);
  if (!out || error) {
    throw Error(ErrorCode::kDisk, cat("cannot write ", path.string()),
                "check that the folder is there, may be written and has space");
  }
}

}  // namespace

std::string tokenizer_json(const TokenizerSpec& spec) {
  Value normalizer;
  if (spec.nfc) normalizer = Value(Map{{"type", "NFC"}});
  return to_json(Value(Map{{"version", "1.0"},
                           {"truncation", Value()},
                           {"padding", Value()},
                           {"added_tokens", added_tokens(spec)},
                           {"normalizer", normalizer},
                           {"pre_tokenizer", pre_tokenizer(spec)},
                           {"post_processor", post_processor(spec)},
                           {"decoder", byte_level(true, true)},
                           {"model", model(spec)}}),
                 1);
}

void save_tokenizer(const TokenizerSpec& spec, const std::filesystem::path& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  write_file(folder / "tokenizer.json", tokenizer_json(spec));
  write_file(folder / "tokenizer_config.json", config_json(spec));
}

}  // namespace kd::tokenizers
