#include "jsonl_rows.h"

#include <algorithm>
#include <utility>

#include "kd/error.h"
#include "kd/log.h"
#include "line_parser.h"

namespace kd::jsonl {
namespace {

constexpr auto npos = std::string_view::npos;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

size_t next_line(std::string_view bytes, size_t begin) {
  const size_t end = bytes.find('\n', begin);
  return end == npos ? bytes.size() : end + 1;
}

}  // namespace

JsonlRows::JsonlRows(const std::filesystem::path& path, ReadOptions options)
    : name_(path.string()), options_(std::move(options)), file_(path) {
  const size_t last = file_.bytes().find_last_not_of(" \t\r\n");
  end_ = last == npos ? 0 : next_line(file_.bytes(), last);
  if (options_.on_error == OnError::kSkip) {
    find_good_lines();
  } else {
    find_lines();
  }
  if (lines_.empty()) throw Error(ErrorCode::kData, "there are no rows", {}, name_);
  if (options_.on_error == OnError::kStop) required_ = training_columns(parse(lines_.front()));
}

void JsonlRows::find_lines() {
  const auto bytes = file_.bytes();
  size_t at = bytes.substr(0, kByteOrderMark.size()) == kByteOrderMark ? kByteOrderMark.size() : 0;
  for (int64_t number = 1; at < end_ && !is_full(); ++number) {
    lines_.push_back({at, number});
    at = next_line(bytes, at);
  }
}

void JsonlRows::find_good_lines() {
  auto limit = std::exchange(options_.limit, 0);  // counts good lines
  find_lines();
  std::vector<Line> good;
  std::string first_problem;
  int64_t skipped = 0;
  for (const Line& line : lines_) {
    if (limit > 0 && static_cast<int64_t>(good.size()) >= limit) break;
    try {
      const Row row = parse(line);
      if (good.empty()) required_ = training_columns(row);
      good.push_back(line);
    } catch (Error& error) {
      if (skipped++ == 0) first_problem = error.what();
      if (skipped > options_.max_skipped) {
        throw Error(
            ErrorCode::kData,
            cat("more than ", options_.max_skipped, " bad lines; the first: ", first_problem),
            "repair the file, or raise max_skipped", name_);
      }
    }
  }
  lines_ = std::move(good);
  options_.limit = limit;
  if (skipped > 0)
    log_warning(cat(name_, ": ", skipped, " bad lines skipped; the first: ", first_problem));
}

std::string_view JsonlRows::text_at(size_t begin, bool& is_cut) const {
  const auto bytes = file_.bytes();
  const size_t end = bytes.find('\n', begin);
  is_cut = end == npos;
  auto text = bytes.substr(begin, is_cut ? npos : end - begin);
  if (!text.empty() && text.back() == '\r') text.remove_suffix(1);
  return text;
}

Row JsonlRows::parse(const Line& line) const {
  try {
    bool is_cut = false;
    const auto text = text_at(line.begin, is_cut);
    Row row = parse_line(text, is_cut);
    require_columns(row, required_);
    if (options_.columns.empty()) return row;
    require_columns(row, options_.columns);
    std::erase_if(row, [&](const auto& entry) {
      const auto& kept = options_.columns;
      return std::find(kept.begin(), kept.end(), entry.first) == kept.end();
    });
    return row;
  } catch (Error& error) {
    error.add_where(cat(name_, ":", line.number));
    throw;
  }
}

Row JsonlRows::row(int64_t index) const { return parse(lines_.at(static_cast<size_t>(index))); }

}  // namespace kd::jsonl
