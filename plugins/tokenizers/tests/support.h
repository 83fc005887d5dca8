// What the tests of tokenizers share.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "kd/data.h"
#include "kd/tokenizer.h"
#include "tests/support/components.h"

namespace kd::tokenizers::test {

inline std::shared_ptr<Tokenizer> make(const std::string& name, const Value::Map& params = {}) {
  return kd::test::PluginComponents().make<Tokenizer>(name, params);
}

// Rows {text}.
inline Value text_rows(const std::vector<std::string>& texts) {
  std::vector<Row> rows;
  for (const auto& text : texts) rows.push_back({{"text", text}});
  return Value(std::make_shared<const MemoryRows>(std::move(rows)));
}

// Prose, code, numbers and scripts that tokenizers cut differently.
inline const std::vector<std::string>& sample_texts() {
  static const std::vector<std::string> texts = {
      "Hello world! It's 3 o'clock, isn't it? I'LL WE'VE you'd 're",
      "def f(x):\n    return x  +  1\n\n\n  # done\t\t\n",
      "1234567 3.14159 10,000 x^2 \\boxed{42} 100%",
      "Ünïcödé naïve café — “quotes” … 日本語のテキスト です。 한국어 문장. Привет, мир!",
      "مرحبا بالعالم 👩‍👩‍👧‍👦 🏳️‍🌈 e\u0301 é ﬁ ½ ² Ⅳ "
      "ｆｕｌｌ",
      "  leading, trailing  ",
      "\r\n\r\nlines\rend\n here \n",
      "\u00A0no\u2003break\u3000space\u2028lines",
      "",
      " ",
      "a",
      "''s 't'T 'Re!'m",
      "the the the theory of the thing and the other thing",
  };
  return texts;
}

// A folder that is removed with this object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static int count = 0;
    path_ = std::filesystem::temp_directory_path() /
            ("kd_tokenizers_" + std::to_string(::getpid()) + "_" + std::to_string(count++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace kd::tokenizers::test
