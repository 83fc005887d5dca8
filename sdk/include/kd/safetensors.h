// The safetensors format: 8-byte little-endian header length, JSON header, raw data.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "kd/tensors.h"

namespace kd {

struct SafetensorsFile {
  TensorMap tensors;  // CPU tensors that share one memory mapping of the file, copied on write
  std::map<std::string, std::string> metadata;
};

// Maps the file and checks all of: length, header size (at most 100 MB), UTF-8 JSON without
// duplicate keys, known dtypes, shapes whose product fits, offsets contiguous from 0 to the end of
// the file without overlap or hole. Throws kd::Error(kCheckpoint) naming the file and the tensor.
SafetensorsFile read_safetensors(const std::filesystem::path& path);

// Writes beside and renames, fsyncing file and folder; every write(2) is checked, so a full disk
// is a kd::Error(kDisk), never a half file under the final name. Tensors may live on any device
// and need not be contiguous.
void write_safetensors(const std::filesystem::path& path, const TensorMap& tensors,
                       const std::map<std::string, std::string>& metadata = {});

// Writes a small file the same way: beside, fsync, rename.
void write_file_atomically(const std::filesystem::path& path, std::string_view contents);

// The whole file as text. kd::Error(kData) when it cannot be read.
std::string read_text_file(const std::filesystem::path& path);

}  // namespace kd
