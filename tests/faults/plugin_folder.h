// A temporary folder of plugins, made of the fault plugins' libraries.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "core/plugin/registry.h"
#include "kd/error.h"

namespace fault {

namespace fs = std::filesystem;

inline fs::path fault_library(const std::string& name) {
  return fs::path(std::getenv("KD_FAULT_PLUGINS")) / ("lib" + name + ".so");
}

inline std::string read_bytes(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::string out(fs::file_size(path), '\0');
  in.read(out.data(), static_cast<std::streamsize>(out.size()));
  return out;
}

inline void write_bytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

// The library with its ABI tag changed: `from` and `to` have the same length.
inline std::string retagged(std::string bytes, const std::string& from, const std::string& to) {
  const size_t tag = bytes.find("kdabi;kd=");
  const size_t at = bytes.find(from, tag);
  EXPECT_NE(tag, std::string::npos);
  EXPECT_NE(at, std::string::npos) << from;
  EXPECT_EQ(from.size(), to.size());
  return bytes.replace(at, from.size(), to);
}

class PluginFolderTest : public testing::Test {
 protected:
  PluginFolderTest() {
    std::string pattern = (fs::temp_directory_path() / "kd_faults_XXXXXX").string();
    root_ = fs::canonical(::mkdtemp(pattern.data()));
  }
  ~PluginFolderTest() override { fs::remove_all(root_); }

  // A plugin folder with a copy of a fault plugin's library. Returns the library's path.
  fs::path add(const std::string& library, const std::string& version,
               const std::vector<std::string>& components, const std::string& folder = {}) const {
    const fs::path place = root_ / (folder.empty() ? library : folder);
    fs::create_directory(place);
    std::ofstream toml(place / "plugin.toml");
    toml << "name = \"" << library << "\"\nversion = \"" << version
         << "\"\nsummary = \"for tests\"\nlibrary = \"" << library << ".so\"\n";
    for (const auto& name : components) {
      toml << "[[provides]]\nkind = \"verify\"\nname = \"" << name
           << "\"\nsummary = \"of tests\"\n";
    }
    const fs::path copy = place / (library + ".so");
    fs::copy_file(fault_library(library), copy);
    return copy;
  }

  fs::path add_well_behaved() const { return add("well_behaved", "1.2.3", {"exact", "threshold"}); }

  kd::core::Registry registry() const { return kd::core::Registry({root_}); }

  fs::path root_;
};

template <typename Action>
kd::Error error_of(const Action& action) {
  try {
    action();
  } catch (const kd::Error& error) {
    return error;
  }
  ADD_FAILURE() << "no kd::Error was thrown";
  return kd::Error(kd::ErrorCode::kInternal, "nothing was thrown");
}

inline kd::CreateContext context() {
  return {kd::RandomStream(kd::StreamKey{}), c10::Device(c10::kCPU), c10::ScalarType::Float};
}

}  // namespace fault
