// Rows seen through an index or under other names, without copies; and messages about columns.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "kd/data.h"

namespace kd::core {

using RowsPtr = std::shared_ptr<const RowSource>;

// Chosen rows of another source, in the order of `index`. [any]
class IndexView : public RowSource {
 public:
  IndexView(RowsPtr base, std::vector<int64_t> index)
      : base_(std::move(base)), index_(std::move(index)) {}
  int64_t size() const override { return static_cast<int64_t>(index_.size()); }
  Row row(int64_t i) const override { return base_->row(index_.at(static_cast<size_t>(i))); }

 private:
  RowsPtr base_;
  std::vector<int64_t> index_;
};

// Another source with columns renamed on reading: old name -> new name. [any]
class RenameView : public RowSource {
 public:
  RenameView(RowsPtr base, std::map<std::string, std::string> names, std::string dataset)
      : base_(std::move(base)), names_(std::move(names)), dataset_(std::move(dataset)) {}
  int64_t size() const override { return base_->size(); }
  // Throws kd::Error(kData) where the new name is taken by another column.
  Row row(int64_t i) const override;

 private:
  RowsPtr base_;
  std::map<std::string, std::string> names_;
  std::string dataset_;
};

// All columns that occur in the first rows (at most 1000 are read), sorted.
std::vector<std::string> columns_of(const RowSource& rows);

// Throws kd::Error(kData): "<dataset> has no column 'promt'", the columns there are, did you mean.
// `row` >= 0 says in which row the column is missing.
[[noreturn]] void throw_missing_column(const std::string& dataset, const std::string& column,
                                       const RowSource& rows, int64_t row = -1);

// The cell, or throw_missing_column.
const Value& cell(const Row& row, const std::string& column, const std::string& dataset,
                  const RowSource& rows, int64_t index);

// Text that is equal exactly for equal plain values: a key for grouping and hashing.
std::string value_key(const Value& value);

}  // namespace kd::core
