#include "core/pipeline/run_directory.h"

#include <cctype>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "core/pipeline/hash.h"
#include "kd/error.h"
#include "kd/json.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace fs = std::filesystem;
namespace {

constexpr const char* kIdentityFile = "kdrun.json";

void make_folder(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw Error(ErrorCode::kDisk, cat("cannot make the folder ", folder, ": ", error.message()),
                "choose another place with --run-dir");
  }
}

bool name_character(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-';
}

}  // namespace

RunDirectory RunDirectory::open(const fs::path& root) {
  std::error_code ignored;
  const bool owned = fs::exists(root / kIdentityFile, ignored);
  if (fs::exists(root, ignored) && !owned && !fs::is_empty(root, ignored)) {
    throw Error(ErrorCode::kUsage, cat("the run directory ", root, " holds something else"),
                "name a new or empty folder with --run-dir");
  }
  make_folder(root / "stages");
  RunDirectory run(fs::absolute(root));
  if (!owned) run.write_identity({});
  return run;
}

void RunDirectory::check_stage_name(const std::string& name) {
  bool good = !name.empty() && name.size() <= 200;
  std::string part;
  for (size_t i = 0; good && i <= name.size(); ++i) {
    if (i == name.size() || name[i] == '/') {
      good = !part.empty() && part != "." && part != "..";
      part.clear();
    } else {
      good = name_character(name[i]);
      part += name[i];
    }
  }
  if (!good) {
    throw Error(ErrorCode::kUsage, cat("'", name, "' cannot name a stage"),
                "use letters, digits, '.', '_' and '-', with '/' between parts");
  }
}

void RunDirectory::append_metric(const Value::Map& row) const {
  const fs::path file = root_ / "metrics.jsonl";
  std::ofstream out(file, std::ios::app);
  out << to_json(Value(row)) << '\n';
  out.flush();
  if (!out) {
    throw Error(ErrorCode::kDisk, cat("cannot append to ", file, ": ", std::strerror(errno)),
                "free some space; the run goes on where it stopped");
  }
}

void RunDirectory::write_results(const std::vector<Result>& results) const {
  core::write_results(root_ / "results.json", results);
}

void RunDirectory::write_recipe(const fs::path& recipe) const {
  write_file_atomically(root_ / "recipe.lua", read_text_file(recipe));
}

void RunDirectory::write_identity(const Value::Map& identity) const {
  write_file_atomically(root_ / kIdentityFile, to_json(Value(identity), 2) + "\n");
}

fs::path default_run_directory(const fs::path& recipe, const Value::Map& arguments) {
  const std::string digest =
      sha256_hex(to_json(Value(arguments)) + "\n" + fs::weakly_canonical(recipe).string());
  return fs::path("runs") / (recipe.stem().string() + "-" + digest.substr(0, 8));
}

}  // namespace kd::core
