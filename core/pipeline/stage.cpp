#include "core/pipeline/stage.h"

#include <fstream>

#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace fs = std::filesystem;

Value stage_dataset(const StageCall& call, const std::string& output) {
  auto handle = std::make_shared<DatasetHandle>();
  handle->op = DatasetHandle::Op::kStage;
  handle->stage = call.name;
  handle->output = output;
  handle->where = call.where;
  return Value(std::shared_ptr<const DatasetHandle>(std::move(handle)));
}

Value stage_model(const StageCall& call, const std::string& output, const ModelHandle& start) {
  auto handle = std::make_shared<ModelHandle>();
  handle->stage = call.name;
  handle->output = output;
  handle->origin = start.component ? start.component : start.origin;
  handle->where = call.where;
  return Value(std::shared_ptr<const ModelHandle>(std::move(handle)));
}

void write_dataset(const fs::path& folder, const std::string& output,
                   const std::vector<Row>& rows) {
  std::string text;
  for (const Row& row : rows) text += to_json(Value(row)) + "\n";
  write_file_atomically(folder / (output + ".jsonl"), text);
}

std::shared_ptr<const RowSource> read_dataset(const fs::path& folder, const std::string& output) {
  const fs::path file = folder / (output + ".jsonl");
  std::ifstream in(file);
  if (!in) throw Error(ErrorCode::kData, cat("cannot read the dataset ", file));
  std::vector<Row> rows;
  std::string line;
  while (std::getline(in, line)) {
    try {
      rows.push_back(parse_json(line).as_map());
    } catch (Error& error) {
      throw error.add_where(cat(file.string(), ":", rows.size() + 1));
    }
  }
  return std::make_shared<MemoryRows>(std::move(rows));
}

}  // namespace kd::core
