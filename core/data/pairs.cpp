#include "core/data/pairs.h"

#include <algorithm>
#include <map>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "core/data/degenerate.h"
#include "core/data/row_views.h"
#include "kd/error.h"
#include "kd/log.h"
#include "kd/random.h"

namespace kd::core {
namespace {

struct Candidate {
  int64_t row = 0;
  double score = 0;
  std::string text;
};

struct Problem {
  std::string key;
  std::vector<Candidate> right;
  std::vector<Candidate> wrong;
};

using Counts = std::map<std::string, int64_t>;

// Reads and sorts the rows of one dataset into problems.
class Grouper {
 public:
  Grouper(const RowSource& rows, const PairOptions& options, const std::string& dataset,
          Counts& dropped)
      : rows_(rows), options_(options), dataset_(dataset), dropped_(dropped) {}

  std::vector<Problem> group() {
    for (int64_t i = 0; i < rows_.size(); ++i) add(i);
    for (auto& problem : problems_) {
      if (scored_) separate_by_score(problem);
      keep_one_of_each(problem.right, "a duplicate");
      keep_one_of_each(problem.wrong, "a duplicate");
    }
    return std::move(problems_);
  }

 private:
  void add(int64_t index) {
    const Row row = rows_.row(index);
    const auto& key_cell = cell(row, options_.by, dataset_, rows_, index);
    const auto& grade = cell(row, options_.chosen, dataset_, rows_, index);
    Candidate candidate{index, 0,
                        completion_text(cell(row, options_.completion, dataset_, rows_, index))};
    Problem& problem = problem_of(value_key(key_cell));
    if (degenerate(row, candidate.text)) return;
    if (grade.is_bool()) {
      (grade.as_bool() ? problem.right : problem.wrong).push_back(std::move(candidate));
      graded_ = true;
    } else if (grade.is_number()) {
      candidate.score = grade.as_number();
      problem.right.push_back(std::move(candidate));
      scored_ = true;
    } else {
      throw_grade(grade, index);
    }
    if (graded_ && scored_) throw_grade(grade, index);
  }

  [[noreturn]] void throw_grade(const Value& grade, int64_t index) const {
    throw Error(ErrorCode::kData,
                cat("dataset ", dataset_, ": column '", options_.chosen,
                    "' must be true or false in every row, or a score in every row; here it is ",
                    grade.preview()),
                "name the column of the verdict with chosen = …", cat("row ", index));
  }

  Problem& problem_of(const std::string& key) {
    const auto [it, is_new] = index_.emplace(key, problems_.size());
    if (is_new) problems_.push_back({key, {}, {}});
    return problems_[it->second];
  }

  bool degenerate(const Row& row, const std::string& text) {
    const char* reason = nullptr;
    if (text.find_first_not_of(" \t\r\n") == std::string::npos) {
      reason = "empty";
    } else if (!options_.keep_truncated && is_truncated(row)) {
      reason = "truncated";
    } else if (repeats_endlessly(text, {options_.repeat_ngram, options_.repeat_times})) {
      reason = "repeating itself";
    }
    if (reason != nullptr) ++dropped_[reason];
    return reason != nullptr;
  }

  // With scores the best stand against the worst; who is neither takes no part.
  void separate_by_score(Problem& problem) {
    auto all = std::move(problem.right);
    problem.right.clear();
    if (all.empty()) return;
    const auto less = [](const Candidate& a, const Candidate& b) { return a.score < b.score; };
    const auto [low, high] = std::minmax_element(all.begin(), all.end(), less);
    const double worst = low->score;
    const double best = high->score;
    if (best <= worst || best - worst < options_.margin) return;
    for (auto& candidate : all) {
      if (candidate.score == best)
        problem.right.push_back(std::move(candidate));
      else if (candidate.score == worst)
        problem.wrong.push_back(std::move(candidate));
    }
  }

  void keep_one_of_each(std::vector<Candidate>& list, const char* reason) {
    std::unordered_set<std::string> seen;
    const auto is_repeated = [&](const Candidate& c) { return !seen.insert(c.text).second; };
    const auto removed = std::erase_if(list, is_repeated);
    if (removed > 0) dropped_[reason] += static_cast<int64_t>(removed);
  }

  const RowSource& rows_;
  const PairOptions& options_;
  const std::string& dataset_;
  Counts& dropped_;
  bool graded_ = false;
  bool scored_ = false;
  std::vector<Problem> problems_;
  std::unordered_map<std::string, size_t> index_;
};

void shuffle(std::vector<Candidate>& list, RandomStream stream) {
  std::vector<Candidate> out;
  out.reserve(list.size());
  for (const int64_t i : stream.permutation(static_cast<int64_t>(list.size()))) {
    out.push_back(std::move(list[static_cast<size_t>(i)]));
  }
  list = std::move(out);
}

bool fits(const Candidate& chosen, const Candidate& rejected, const PairOptions& options,
          Counts& dropped) {
  if (chosen.text == rejected.text) {
    ++dropped["identical to the chosen one"];
    return false;
  }
  const auto limit = options.max_ratio * static_cast<double>(chosen.text.size());
  if (options.max_ratio > 0 && static_cast<double>(rejected.text.size()) > limit) {
    ++dropped["longer than max_ratio allows"];
    return false;
  }
  return true;
}

// Walks over all (right, wrong) combinations, each once, so that with several pairs a problem each
// completion is used about equally often.
std::vector<std::pair<int64_t, int64_t>> match(Problem& problem, const PairOptions& options,
                                               Counts& dropped) {
  const RandomStream stream(
      StreamKey{static_cast<uint64_t>(options.seed), "dataset", "pairs:" + problem.key});
  shuffle(problem.right, stream.child("right"));
  shuffle(problem.wrong, stream.child("wrong"));
  const size_t rights = problem.right.size();
  const size_t wrongs = problem.wrong.size();
  std::vector<std::pair<int64_t, int64_t>> out;
  for (size_t i = 0; i < rights * wrongs; ++i) {
    if (static_cast<int64_t>(out.size()) >= options.per_problem) break;
    const Candidate& chosen = problem.right[i % rights];
    const Candidate& rejected = problem.wrong[(i % rights + i / rights) % wrongs];
    if (fits(chosen, rejected, options, dropped)) out.emplace_back(chosen.row, rejected.row);
  }
  return out;
}

// Joins two graded rows into one pair on reading. [any]
class PairRows : public RowSource {
 public:
  PairRows(RowsPtr base, std::vector<std::pair<int64_t, int64_t>> pairs, PairOptions options)
      : base_(std::move(base)), pairs_(std::move(pairs)), options_(std::move(options)) {}

  int64_t size() const override { return static_cast<int64_t>(pairs_.size()); }

  Row row(int64_t i) const override {
    const auto [chosen_index, rejected_index] = pairs_.at(static_cast<size_t>(i));
    Row chosen = base_->row(chosen_index);
    Row rejected = base_->row(rejected_index);
    Row out;
    for (const char* side : {"chosen", "rejected"}) {
      out[side] = (side[0] == 'c' ? chosen : rejected).at(options_.completion);
    }
    join_columns(chosen, rejected, "chosen.", out);
    join_columns(rejected, chosen, "rejected.", out);
    return out;
  }

 private:
  bool is_consumed(const std::string& column) const {
    return column == options_.completion || column == options_.chosen;
  }

  void join_columns(const Row& from, const Row& other, const std::string& prefix, Row& out) const {
    for (const auto& [name, value] : from) {
      if (is_consumed(name)) continue;
      const auto same = other.find(name);
      const bool common = same != other.end() && same->second == value;
      const bool taken = name == "chosen" || name == "rejected";
      out.emplace(common && !taken ? name : prefix + name, value);
    }
  }

  RowsPtr base_;
  std::vector<std::pair<int64_t, int64_t>> pairs_;
  PairOptions options_;
};

void report(const std::string& dataset, size_t problems, size_t without_right, size_t without_wrong,
            size_t pairs, const Counts& dropped) {
  std::vector<std::string> reasons;
  for (const auto& [reason, count] : dropped) reasons.push_back(cat(count, " ", reason));
  log_info(cat(dataset, ": ", pairs, " pairs from ", problems, " problems (", without_right,
               " without a right completion, ", without_wrong, " without a wrong one); dropped: ",
               reasons.empty() ? std::string("none") : join(reasons)));
}

}  // namespace

Params<PairOptions> PairOptions::params() {
  Params<PairOptions> p;
  p.add("by", &PairOptions::by, "column that names the problem");
  p.add("chosen", &PairOptions::chosen,
        "column of the verdict: true or false, or a score (best against worst)");
  p.add("completion", &PairOptions::completion, "column of the text");
  p.add("per_problem", &PairOptions::per_problem, "most pairs a problem").at_least(1);
  p.add("seed", &PairOptions::seed, "decides which completions meet").at_least(0);
  p.add("margin", &PairOptions::margin, "scores: least difference between the two").at_least(0);
  p.add("max_ratio", &PairOptions::max_ratio,
        "drop a rejected text longer than this many times the chosen one; 0: no limit")
      .at_least(0);
  p.add("repeat_ngram", &PairOptions::repeat_ngram,
        "words: completions that repeat so long a sequence are dropped")
      .at_least(2);
  p.add("repeat_times", &PairOptions::repeat_times, "how often it may not occur").at_least(2);
  p.add("keep_truncated", &PairOptions::keep_truncated,
        "keep completions that were cut by the length limit");
  return p;
}

std::shared_ptr<const RowSource> make_pairs(const std::shared_ptr<const RowSource>& rows,
                                            const PairOptions& options,
                                            const std::string& dataset) {
  Counts dropped;
  auto problems = Grouper(*rows, options, dataset, dropped).group();
  std::vector<std::pair<int64_t, int64_t>> pairs;
  size_t without_right = 0;
  size_t without_wrong = 0;
  for (auto& problem : problems) {
    without_right += problem.right.empty() ? 1 : 0;
    without_wrong += problem.wrong.empty() ? 1 : 0;
    if (problem.right.empty() || problem.wrong.empty()) continue;
    for (const auto& pair : match(problem, options, dropped)) pairs.push_back(pair);
  }
  report(dataset, problems.size(), without_right, without_wrong, pairs.size(), dropped);
  return std::make_shared<PairRows>(rows, std::move(pairs), options);
}

}  // namespace kd::core
