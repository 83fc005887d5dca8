// Data sources: where rows come from.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "kd/value.h"

namespace kd {

// A finite, random-access sequence of rows. Thread-safe for reading. [any]
class RowSource : public Object {
 public:
  std::string type_name() const override { return "dataset"; }
  virtual int64_t size() const = 0;
  virtual Row row(int64_t index) const = 0;
};

// A data component. It may offer several splits ("train", "test"); a source without splits has the
// one split "". Rows are a pure function of the parameters.
class DataSource {
 public:
  static constexpr const char* kKind = "data";
  virtual ~DataSource();
  virtual std::shared_ptr<const RowSource> split(const std::string& name) = 0;
};

// Rows held in memory.
class MemoryRows : public RowSource {
 public:
  explicit MemoryRows(std::vector<Row> rows) : rows_(std::move(rows)) {}
  int64_t size() const override { return static_cast<int64_t>(rows_.size()); }
  Row row(int64_t index) const override { return rows_.at(static_cast<size_t>(index)); }

 private:
  std::vector<Row> rows_;
};

}  // namespace kd
