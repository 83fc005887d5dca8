// Reads one section of a shared library without loading it.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace kd::core {

// The contents of the section `name` of a 64-bit little-endian shared library. Total: every
// offset and size is checked against the file and against fixed limits, whatever the file holds.
// Throws kd::Error(kPlugin) that says what the file is instead. [any]
std::string read_elf_section(std::istream& file, std::string_view name);

}  // namespace kd::core
