// What the tests of core/data share.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/data/dataset_ops.h"
#include "kd/data.h"
#include "kd/error.h"
#include "kd/tokenizer.h"

namespace kd::core::test {

inline std::shared_ptr<const RowSource> rows_of(std::vector<Row> rows) {
  return std::make_shared<const MemoryRows>(std::move(rows));
}

// One dataset under the name "traces.data".
class OneDataset : public DatasetHost {
 public:
  explicit OneDataset(std::shared_ptr<const RowSource> rows) : rows_(std::move(rows)) {}
  std::shared_ptr<const RowSource> source(const ComponentPtr&, const std::string&) override {
    return rows_;
  }
  std::shared_ptr<const RowSource> stage(const std::string&, const std::string&) override {
    return rows_;
  }

 private:
  std::shared_ptr<const RowSource> rows_;
};

inline DatasetPtr traces() {
  auto handle = std::make_shared<DatasetHandle>();
  handle->op = DatasetHandle::Op::kStage;
  handle->stage = "traces";
  handle->output = "data";
  return handle;
}

// An operation as a recipe writes it, at recipe.lua:7.
inline DatasetPtr apply(DatasetPtr input, DatasetHandle::Op op, const Value& argument,
                        const std::string& part = {}) {
  auto handle = std::make_shared<DatasetHandle>();
  handle->op = op;
  handle->input = std::move(input);
  handle->options = dataset_op_options(op, argument);
  handle->split = part;
  handle->where = {"recipe.lua", 7};
  return handle;
}

inline std::vector<Row> all_rows(const RowSource& source) {
  std::vector<Row> rows;
  for (int64_t i = 0; i < source.size(); ++i) rows.push_back(source.row(i));
  return rows;
}

inline std::vector<Row> run(const DatasetPtr& handle, std::vector<Row> rows) {
  OneDataset host(rows_of(std::move(rows)));
  return all_rows(*materialise(*handle, host));
}

template <typename Action>
Error error_of(const Action& action) {
  try {
    action();
  } catch (const Error& error) {
    return error;
  }
  return Error(ErrorCode::kInternal, "nothing was thrown");
}

// A function of a row, in place of a recipe's.
class RowFunction : public Callable {
 public:
  explicit RowFunction(Value (*function)(const Row&)) : function_(function) {}
  std::string fingerprint() const override { return "row function"; }
  Value call(const std::vector<Value>& arguments) const override {
    return function_(arguments.at(0).as_map());
  }

 private:
  Value (*function_)(const Row&);
};

inline Value function(Value (*f)(const Row&)) { return Value(std::make_shared<RowFunction>(f)); }

// Letters are tokens: 'a' is 97. 1 begins a text, 2 ends it, 3 and 4 are the ChatML markers, 0
// pads.
class Letters : public Tokenizer {
 public:
  explicit Letters(bool begins = false) : begins_(begins) {}
  std::vector<int64_t> encode(std::string_view text) const override {
    return {text.begin(), text.end()};
  }
  std::string decode(const std::vector<int64_t>& ids) const override {
    std::string out;
    for (const auto id : ids) {
      if (id > 4) out.push_back(static_cast<char>(id));
    }
    return out;
  }
  int64_t vocabulary() const override { return 128; }
  int64_t bos() const override { return begins_ ? 1 : -1; }
  int64_t eos() const override { return 2; }
  int64_t pad() const override { return 0; }
  int64_t token_id(std::string_view token) const override {
    if (token == "<|im_start|>") return 3;
    return token == "<|im_end|>" ? 4 : -1;
  }
  void save(const std::filesystem::path&) const override {}
  std::string fingerprint() const override { return "letters"; }

 private:
  bool begins_;
};

}  // namespace kd::core::test
