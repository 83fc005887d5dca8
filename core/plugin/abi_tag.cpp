#include "core/plugin/abi_tag.h"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fstream>

#include "core/plugin/elf_section.h"
#include "kd/abi.h"
#include "kd/error.h"

// From LibTorch's stable C interface; its header brings half of ATen along.
extern "C" uint64_t aoti_torch_abi_version();

namespace kd::core {
namespace {

constexpr std::string_view kMark = "kdabi;";
constexpr const char* kExactFields[] = {"kd", "torch", "stdlib", "cxx11", "debug", "san", "arch"};
constexpr const char* kRebuild =
    "build the plugin anew against this kd: cmake -S <its folder> -B build "
    "-DCMAKE_PREFIX_PATH=<where kd is installed> && cmake --build build";

std::string field(const AbiTag& tag, std::string_view key) {
  const auto it = tag.find(key);
  return it == tag.end() ? "missing" : it->second;
}

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::string version_text(uint64_t abi_version) {
  return cat(abi_version >> 56, ".", abi_version >> 48 & 0xFF, ".", abi_version >> 40 & 0xFF);
}

}  // namespace

AbiTag parse_abi_tag(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  if (text.substr(0, kMark.size()) != kMark) {
    throw Error(ErrorCode::kPlugin, "not a plugin: its ABI tag cannot be read");
  }
  text.remove_prefix(kMark.size());
  AbiTag tag;
  while (!text.empty()) {
    const auto end = text.find(';');
    const auto equals = text.find('=');
    const bool readable = end != text.npos && equals != text.npos && equals < end && equals > 0;
    if (!readable ||
        !tag.emplace(text.substr(0, equals), text.substr(equals + 1, end - equals - 1)).second) {
      throw Error(ErrorCode::kPlugin, "not a plugin: its ABI tag cannot be read");
    }
    text.remove_prefix(end + 1);
  }
  return tag;
}

AbiTag read_abi_tag(const std::filesystem::path& library) {
  std::ifstream file(library, std::ios::binary);
  if (!file) {
    throw Error(ErrorCode::kPlugin, cat("cannot open the plugin: ", std::strerror(errno)), {},
                library.string());
  }
  try {
    return parse_abi_tag(read_elf_section(file, "kdabi"));
  } catch (Error& error) {
    throw Error(error.code(), error.message(),
                "a plugin is a shared library that uses KD_PLUGIN, made by kd_add_plugin",
                library.string());
  }
}

const AbiTag& host_abi_tag() {
  static const AbiTag tag = parse_abi_tag("kdabi;" KD_ABI_FIELDS);
  return tag;
}

std::vector<AbiDifference> abi_differences(const AbiTag& plugin, const AbiTag& host) {
  std::vector<AbiDifference> out;
  for (const char* key : kExactFields) {
    if (field(plugin, key) != field(host, key)) {
      out.push_back({key, field(plugin, key), field(host, key)});
    }
  }
  const std::string built = field(plugin, "cuda"), here = field(host, "cuda");
  if (built != here && built != "none" && here != "none") out.push_back({"cuda", built, here});
  return out;
}

void require_same_abi(const AbiTag& plugin, const AbiTag& host,
                      const std::filesystem::path& library) {
  auto rows = abi_differences(plugin, host);
  if (rows.empty()) return;
  rows.insert(rows.begin(), {"field", "built for", "this host"});
  size_t first = 0, second = 0;
  for (const auto& row : rows) {
    first = std::max(first, row.field.size());
    second = std::max(second, row.plugin.size());
  }
  std::string message = cat("plugin '", field(plugin, "name"), "' was built for another kd");
  for (const auto& row : rows) {
    message +=
        cat("\n  ", padded(row.field, first), "  ", padded(row.plugin, second), "  ", row.host);
  }
  throw Error(ErrorCode::kPlugin, message, kRebuild, library.string());
}

void require_built_for_torch() {
  const uint64_t loaded = aoti_torch_abi_version();
  if (loaded == TORCH_ABI_VERSION) return;
  throw Error(ErrorCode::kPlugin,
              cat("kd was built for LibTorch ", version_text(TORCH_ABI_VERSION), " and runs with ",
                  version_text(loaded)),
              "check LD_LIBRARY_PATH, or build kd anew against that LibTorch");
}

}  // namespace kd::core
