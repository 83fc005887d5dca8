// The ABI tag: what a plugin was built for, readable before any of its code runs.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kd::core {

// The fields that KD_ABI_TAG writes, by key: "torch" -> "2.11.0".
using AbiTag = std::map<std::string, std::string, std::less<>>;

// "kdabi;key=value;…", up to the first NUL. Throws kd::Error(kPlugin).
AbiTag parse_abi_tag(std::string_view text);

// Reads the tag of a library without loading it. Throws kd::Error(kPlugin) that names the file.
AbiTag read_abi_tag(const std::filesystem::path& library);

// What this host was built for.
const AbiTag& host_abi_tag();

struct AbiDifference {
  std::string field;
  std::string plugin;  // "missing" where the tag lacks the field
  std::string host;
};

// The fields that must be equal and are not. CUDA's major version may be none on either side.
std::vector<AbiDifference> abi_differences(const AbiTag& plugin, const AbiTag& host);

// Throws kd::Error(kPlugin) with a table of all differences and how to rebuild.
void require_same_abi(const AbiTag& plugin, const AbiTag& host,
                      const std::filesystem::path& library);

// Throws kd::Error(kPlugin) unless the LibTorch in this process is the one that kd was built for.
void require_built_for_torch();

}  // namespace kd::core
