// The components: byte, characters, bpe, file.
#include "kd/plugin.h"

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "bpe_tokenizer.h"
#include "bpe_training.h"
#include "kd/data.h"
#include "kd/error.h"
#include "kd/log.h"
#include "tokenizer_json.h"

namespace kd::tokenizers {
namespace {

constexpr int64_t kBytes = 256;
const std::vector<std::string>& chat_markers() {
  static const std::vector<std::string> markers = {"<|im_start|>", "<|im_end|>"};
  return markers;
}

// A tokenizer over `tokens`, then <|pad|>, <|bos|>, <|eos|> and what else is special.
std::shared_ptr<Tokenizer> with_specials(std::vector<std::string> tokens,
                                         std::vector<std::pair<int64_t, int64_t>> merges,
                                         Presplit rule, const std::vector<std::string>& others) {
  TokenizerSpec spec;
  std::vector<std::string> names = {"<|pad|>", "<|bos|>", "<|eos|>"};
  names.insert(names.end(), others.begin(), others.end());
  for (const auto& name : names) {
    for (const auto& token : spec.added) {
      if (token.content == name) {
        throw Error(ErrorCode::kUsage, cat("the special token '", name, "' is named twice"));
      }
    }
    spec.added.push_back({static_cast<int64_t>(tokens.size() + spec.added.size()), name, true});
  }
  spec.pad = spec.added[0].id;
  spec.bos = spec.added[1].id;
  spec.eos = spec.added[2].id;
  spec.presplit = rule;
  spec.model = std::make_shared<const BpeModel>(std::move(tokens), std::move(merges), false);
  return std::make_shared<BpeTokenizer>(std::move(spec));
}

struct ByteParams {
  std::vector<std::string> specials = chat_markers();

  static Params<ByteParams> params() {
    Params<ByteParams> p;
    p.add("specials", &ByteParams::specials, "special tokens besides <|pad|>, <|bos|> and <|eos|>");
    return p;
  }
};

std::shared_ptr<Tokenizer> make_byte(const ByteParams& params, const CreateContext&) {
  std::vector<std::string> tokens;
  for (int64_t byte = 0; byte < kBytes; ++byte) tokens.emplace_back(1, static_cast<char>(byte));
  return with_specials(std::move(tokens), {}, Presplit::kNone, params.specials);
}

struct CharactersParams {
  std::string alphabet;
  std::vector<std::string> specials;

  static Params<CharactersParams> params() {
    Params<CharactersParams> p;
    p.add("alphabet", &CharactersParams::alphabet,
          "the characters texts may contain, in the order of their ids; ASCII")
        .required();
    p.add("specials", &CharactersParams::specials,
          "special tokens besides <|pad|>, <|bos|> and <|eos|>");
    return p;
  }
};

std::shared_ptr<Tokenizer> make_characters(const CharactersParams& params, const CreateContext&) {
  std::vector<std::string> tokens;
  for (const char c : params.alphabet) {
    const std::string token(1, c);
    if (static_cast<unsigned char>(c) >= 0x80) {
      throw Error(ErrorCode::kUsage, "alphabet: only ASCII characters can be tokens of their own",
                  "use kd.tokenizer.byte for other texts");
    }
    if (std::find(tokens.begin(), tokens.end(), token) != tokens.end()) {
      throw Error(ErrorCode::kUsage, cat("alphabet: '", token, "' is there twice"));
    }
    tokens.push_back(token);
  }
  if (tokens.empty()) throw Error(ErrorCode::kUsage, "alphabet: it is empty");
  return with_specials(std::move(tokens), {}, Presplit::kNone, params.specials);
}

struct BpeParams {
  std::filesystem::path path;
  std::shared_ptr<const RowSource> train;
  std::vector<std::string> columns = {"text", "messages", "prompt", "completion"};
  int64_t vocab_size = 1024;
  std::string split = "qwen2";
  std::vector<std::string> specials = chat_markers();
  std::string eos;
  std::string pad;

  static Params<BpeParams> params() {
    Params<BpeParams> p;
    p.add("path", &BpeParams::path, "a tokenizer.json, or the folder that holds it");
    p.add("train", &BpeParams::train, "rows whose text the merges are learnt from");
    p.add("columns", &BpeParams::columns,
          "train: columns to read; those a row lacks are passed over");
    p.add("vocab_size", &BpeParams::vocab_size, "train: tokens, special ones included")
        .range(260, 1 << 20);
    p.add("split", &BpeParams::split, "train: how text is cut before merging")
        .choices({"gpt2", "llama3", "qwen2"});
    p.add("specials", &BpeParams::specials,
          "train: special tokens besides <|pad|>, <|bos|> and <|eos|>");
    p.add("eos", &BpeParams::eos, "path: the token that ends a text; default: what the files say");
    p.add("pad", &BpeParams::pad,
          "path: the token that fills batches; default: what the files say");
    return p;
  }
};

Presplit presplit_named(const std::string& name) {
  if (name == "gpt2") return Presplit::kGpt2;
  return name == "llama3" ? Presplit::kLlama3 : Presplit::kQwen2;
}

void append_texts(const Value& value, std::vector<std::string>& texts) {
  if (value.is_string()) texts.push_back(value.as_string());
  if (!value.is_list()) return;
  for (const Value& message : value.as_list()) {
    if (const Value* content = message.find("content")) append_texts(*content, texts);
  }
}

std::vector<std::string> texts_of(const RowSource& rows, const std::vector<std::string>& columns) {
  std::vector<std::string> texts;
  for (int64_t i = 0; i < rows.size(); ++i) {
    const Row row = rows.row(i);
    for (const auto& column : columns) {
      const auto it = row.find(column);
      if (it != row.end()) append_texts(it->second, texts);
    }
  }
  if (texts.empty()) {
    throw Error(ErrorCode::kData, cat("no text to learn merges from in columns ", join(columns)),
                "name the columns that hold text with columns = { … }");
  }
  return texts;
}

std::shared_ptr<Tokenizer> make_trained(const BpeParams& params) {
  const Presplit rule = presplit_named(params.split);
  const auto specials = static_cast<int64_t>(params.specials.size()) + 3;
  if (params.vocab_size < kBytes + specials) {
    throw Error(ErrorCode::kUsage,
                cat("vocab_size = ", params.vocab_size, " is less than 256 bytes and ", specials,
                    " special tokens"));
  }
  auto trained =
      train_bpe(texts_of(*params.train, params.columns), rule, params.vocab_size - specials);
  const auto made = static_cast<int64_t>(trained.tokens.size()) + specials;
  if (made < params.vocab_size) {
    log_warning(cat("tokenizer bpe: the text has pairs for ", made,
                    " tokens only, vocab_size = ", params.vocab_size, " was asked for"));
  }
  return with_specials(std::move(trained.tokens), std::move(trained.merges), rule, params.specials);
}

std::shared_ptr<Tokenizer> make_bpe(const BpeParams& params, const CreateContext&) {
  if (params.path.empty() == (params.train == nullptr)) {
    throw Error(ErrorCode::kUsage, "bpe: give either 'path' or 'train'");
  }
  if (params.train) return make_trained(params);
  return std::make_shared<BpeTokenizer>(load_tokenizer(params.path, {params.eos, params.pad}));
}

struct FileParams {
  std::filesystem::path path;
  std::string eos;
  std::string pad;

  static Params<FileParams> params() {
    Params<FileParams> p;
    p.add("path", &FileParams::path, "a tokenizer.json, or the folder that holds it").required();
    p.add("eos", &FileParams::eos, "the token that ends a text; default: what the files say");
    p.add("pad", &FileParams::pad, "the token that fills batches; default: what the files say");
    return p;
  }
};

std::shared_ptr<Tokenizer> make_file(const FileParams& params, const CreateContext&) {
  return std::make_shared<BpeTokenizer>(load_tokenizer(params.path, {params.eos, params.pad}));
}

void register_all(Registrar& registrar) {
  registrar.add<Tokenizer, ByteParams>("byte", "every byte is a token", make_byte);
  registrar.add<Tokenizer, CharactersParams>("characters", "every character of a small alphabet",
                                             make_characters);
  registrar.add<Tokenizer, BpeParams>("bpe", "byte-pair encoding, trained here or read from a file",
                                      make_bpe);
  registrar.add<Tokenizer, FileParams>("file", "a tokenizer.json", make_file);
}

}  // namespace
}  // namespace kd::tokenizers

KD_PLUGIN("tokenizers", "0.1.0", kd::tokenizers::register_all)
