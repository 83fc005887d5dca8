#include <algorithm>
#include <fstream>
#include <initializer_list>
#include <optional>
#include <sstream>

#include "byte_alphabet.h"
#include "kd/error.h"
#include "kd/json.h"
#include "tokenizer_json.h"

namespace kd::tokenizers {
namespace {

[[noreturn]] void refuse(const std::string& what) {
  throw Error(ErrorCode::kData, cat("this tokenizer ", what, ", which is not supported"),
              "byte-level BPE with the cuts of GPT-2, Llama 3 or Qwen 2 can be read");
}

std::string read_text(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    throw Error(ErrorCode::kData, cat("cannot read ", path.string()),
                "give the path of a tokenizer.json or of the folder that holds it");
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

const Value& member(const Value& map, const char* key) {
  const Value* found = map.find(key);
  if (found == nullptr) throw Error(ErrorCode::kData, cat("'", key, "' is missing"));
  return *found;
}

bool is_set(const Value& map, const char* key) {
  const Value* found = map.find(key);
  if (found == nullptr || found->is_nil() || *found == Value(false)) return false;
  return !(found->is_string() && found->as_string().empty());
}

std::string type_of(const Value& part) { return member(part, "type").as_string(); }

void read_normalizer(const Value& file, TokenizerSpec& spec) {
  if (!is_set(file, "normalizer")) return;
  const Value& normalizer = member(file, "normalizer");
  if (type_of(normalizer) != "NFC") refuse(cat("normalises by ", type_of(normalizer)));
  spec.nfc = true;
}

void read_byte_level(const Value& part, bool after_split, TokenizerSpec& spec) {
  spec.prefix_space = is_set(part, "add_prefix_space");
  if (after_split && spec.prefix_space) refuse("puts a space before every piece");
  const Value* use_regex = part.find("use_regex");
  const bool cuts = use_regex == nullptr || *use_regex == Value(true);
  if (after_split && cuts) refuse("cuts twice");
  if (cuts) spec.presplit = Presplit::kGpt2;
}

void read_split(const Value& part, TokenizerSpec& spec) {
  const Value* pattern = member(part, "pattern").find("Regex");
  if (pattern == nullptr || member(part, "behavior") != Value("Isolated") ||
      is_set(part, "invert")) {
    refuse("cuts text by a rule of its own");
  }
  const auto rule = presplit_of_pattern(pattern->as_string());
  if (!rule) refuse(cat("cuts text by ", pattern->as_string()));
  spec.presplit = *rule;
}

void read_pre_tokenizer(const Value& file, TokenizerSpec& spec) {
  if (!is_set(file, "pre_tokenizer")) refuse("has no byte level");
  const Value& part = member(file, "pre_tokenizer");
  if (type_of(part) == "ByteLevel") return read_byte_level(part, false, spec);
  if (type_of(part) != "Sequence") refuse(cat("cuts text by ", type_of(part)));
  const auto& parts = member(part, "pretokenizers").as_list();
  const bool known =
      parts.size() == 2 && type_of(parts[0]) == "Split" && type_of(parts[1]) == "ByteLevel";
  if (!known) refuse("cuts text in a sequence of its own");
  read_split(parts[0], spec);
  read_byte_level(parts[1], true, spec);
}

void read_added(const Value& file, TokenizerSpec& spec) {
  const Value* list = file.find("added_tokens");
  if (list == nullptr || list->is_nil()) return;
  for (const Value& token : list->as_list()) {
    AddedToken added{member(token, "id").as_integer(), member(token, "content").as_string(),
                     is_set(token, "special")};
    for (const char* option : {"single_word", "lstrip", "rstrip"}) {
      if (!added.special && is_set(token, option)) {
        refuse(cat("finds the token '", added.content, "' by ", option));
      }
    }
    if (added.id < 0 || added.content.empty()) {
      throw Error(ErrorCode::kData,
                  cat("the added token '", added.content, "' with id ", added.id, " is no token"));
    }
    spec.added.push_back(std::move(added));
  }
}

std::vector<std::string> read_vocabulary(const Value& model, const TokenizerSpec& spec) {
  std::vector<std::string> tokens;
  const auto& vocabulary = member(model, "vocab").as_map();
  const auto is_added = [&](const std::string& content) {
    return std::any_of(spec.added.begin(), spec.added.end(),
                       [&](const AddedToken& token) { return token.content == content; });
  };
  for (const auto& [content, id] : vocabulary) {
    const int64_t index = id.as_integer();
    if (index < 0 || index >= 100 * static_cast<int64_t>(vocabulary.size() + 100)) {
      throw Error(ErrorCode::kData, cat("token '", content, "' has the id ", index));
    }
    if (static_cast<size_t>(index) >= tokens.size()) tokens.resize(static_cast<size_t>(index) + 1);
    if (is_added(content)) continue;
    const auto bytes = printable_to_bytes(content);
    if (!bytes) refuse(cat("has the token '", content, "', which is no byte string"));
    tokens[static_cast<size_t>(index)] = *bytes;
  }
  return tokens;
}

// Both spellings: "a b" and ["a", "b"].
std::pair<std::string, std::string> merge_texts(const Value& merge) {
  if (merge.is_list() && merge.as_list().size() == 2) {
    return {merge.as_list()[0].as_string(), merge.as_list()[1].as_string()};
  }
  const std::string& text = merge.as_string();
  const size_t space = text.find(' ');
  if (space == std::string::npos) {
    throw Error(ErrorCode::kData, cat("the merge '", text, "' names one token, not two"));
  }
  return {text.substr(0, space), text.substr(space + 1)};
}

std::vector<std::pair<int64_t, int64_t>> read_merges(const Value& model) {
  const auto& vocabulary = member(model, "vocab").as_map();
  const auto id_of = [&](const std::string& content) {
    const auto it = vocabulary.find(content);
    if (it == vocabulary.end()) {
      throw Error(ErrorCode::kData, cat("a merge names '", content, "', which is no token"));
    }
    return it->second.as_integer();
  };
  std::vector<std::pair<int64_t, int64_t>> merges;
  for (const Value& merge : member(model, "merges").as_list()) {
    const auto [left, right] = merge_texts(merge);
    merges.emplace_back(id_of(left), id_of(right));
  }
  return merges;
}

void read_model(const Value& file, TokenizerSpec& spec) {
  const Value& model = member(file, "model");
  const Value* type = model.find("type");
  if (type != nullptr && *type != Value("BPE")) refuse(cat("is of type ", type->preview()));
  for (const char* option : {"dropout", "continuing_subword_prefix", "end_of_word_suffix",
                             "byte_fallback", "unk_token"}) {
    if (is_set(model, option)) refuse(cat("uses ", option));
  }
  spec.model = std::make_shared<const BpeModel>(read_vocabulary(model, spec), read_merges(model),
                                                is_set(model, "ignore_merges"));
}

int64_t id_of_name(const TokenizerSpec& spec, const std::string& name) {
  for (const auto& token : spec.added) {
    if (token.content == name) return token.id;
  }
  return -1;
}

// The token a template puts before the text, -1 when it puts none.
int64_t begin_of_template(const Value& processor, const TokenizerSpec& spec) {
  const auto& single = member(processor, "single").as_list();
  if (single.empty() || single[0].find("SpecialToken") == nullptr) return -1;
  return id_of_name(spec, member(*single[0].find("SpecialToken"), "id").as_string());
}

void read_post_processor(const Value& processor, TokenizerSpec& spec) {
  if (processor.is_nil() || type_of(processor) == "ByteLevel") return;
  if (type_of(processor) == "TemplateProcessing") {
    spec.bos = begin_of_template(processor, spec);
  } else if (type_of(processor) == "Sequence") {
    for (const Value& part : member(processor, "processors").as_list()) {
      read_post_processor(part, spec);
    }
  } else {
    refuse(cat("completes sequences by ", type_of(processor)));
  }
}

// tokenizer_config.json writes a token as its text or as a table with its text.
std::string config_token(const Value& config, const char* key) {
  const Value* token = config.find(key);
  if (token == nullptr || token->is_nil()) return {};
  const Value* content = token->find("content");
  return (content != nullptr ? *content : *token).as_string();
}

int64_t first_named(const TokenizerSpec& spec, std::initializer_list<const char*> names) {
  for (const char* name : names) {
    if (const int64_t id = id_of_name(spec, name); id >= 0) return id;
  }
  return -1;
}

int64_t wanted_token(const TokenizerSpec& spec, const std::string& name) {
  const int64_t id = id_of_name(spec, name);
  if (id >= 0) return id;
  std::vector<std::string> names;
  for (const auto& token : spec.added) names.push_back(token.content);
  throw Error(ErrorCode::kData, cat("the tokenizer has no special token '", name, "'"),
              did_you_mean(name, names));
}

void read_special_tokens(const std::filesystem::path& config_path, const SpecialNames& names,
                         TokenizerSpec& spec) {
  Value config;
  if (std::filesystem::exists(config_path)) config = parse_json(read_text(config_path));
  const std::string eos = names.eos.empty() ? config_token(config, "eos_token") : names.eos;
  const std::string pad = names.pad.empty() ? config_token(config, "pad_token") : names.pad;
  spec.eos =
      eos.empty()
          ? first_named(spec, {"<|eos|>", "<|endoftext|>", "</s>", "<eos>", "<|end_of_text|>"})
          : wanted_token(spec, eos);
  spec.pad =
      pad.empty() ? first_named(spec, {"<|pad|>", "<pad>", "[PAD]"}) : wanted_token(spec, pad);
  if (spec.pad < 0) spec.pad = spec.eos;
  const std::string bos = config_token(config, "bos_token");
  if (spec.bos < 0 && is_set(config, "add_bos_token") && !bos.empty()) {
    spec.bos = wanted_token(spec, bos);
  }
}

}  // namespace

TokenizerSpec load_tokenizer(const std::filesystem::path& path, const SpecialNames& names) {
  const auto file = std::filesystem::is_directory(path) ? path / "tokenizer.json" : path;
  try {
    const Value document = parse_json(read_text(file));
    TokenizerSpec spec;
    read_added(document, spec);
    read_normalizer(document, spec);
    read_pre_tokenizer(document, spec);
    read_model(document, spec);
    if (const Value* processor = document.find("post_processor")) {
      read_post_processor(*processor, spec);
    }
    read_special_tokens(file.parent_path() / "tokenizer_config.json", names, spec);
    return spec;
  } catch (const Error& error) {
    // Whatever a file holds is a fault of data, not of the recipe.
    throw Error(ErrorCode::kData, error.message(), error.hint(), file.string());
  }
}

}  // namespace kd::tokenizers
