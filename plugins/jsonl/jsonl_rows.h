// The rows of a JSON Lines file.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kd/data.h"
#include "mapped_file.h"

namespace kd::jsonl {

enum class OnError { kStop, kSkip };

struct ReadOptions {
  std::vector<std::string> columns;  // keep these only, and require them; empty: all
  int64_t limit = 0;                 // rows; 0: all
  OnError on_error = OnError::kStop;
  int64_t max_skipped = 100;  // lines; more than that many bad ones are an error
};

// Lines are found when the file is opened and parsed when they are read, except under kSkip, where
// all are parsed once to know which are good. Errors say file:line. Line ends may be \n or \r\n; a
// byte order mark and empty lines at the end are passed over. [any]
class JsonlRows : public RowSource {
 public:
  JsonlRows(const std::filesystem::path& path, ReadOptions options);

  int64_t size() const override { return static_cast<int64_t>(lines_.size()); }
  Row row(int64_t index) const override;

 private:
  struct Line {
    size_t begin = 0;
    int64_t number = 0;  // as editors count
  };

  void find_lines();
  void find_good_lines();
  bool is_full() const { return options_.limit > 0 && size() >= options_.limit; }
  std::string_view text_at(size_t begin, bool& is_cut) const;
  Row parse(const Line& line) const;

  std::string name_;
  ReadOptions options_;
  MappedFile file_;
  size_t end_ = 0;  // behind the last line that is not empty
  std::vector<Line> lines_;
  std::vector<std::string> required_;  // what the first row has and training needs
};

}  // namespace kd::jsonl
