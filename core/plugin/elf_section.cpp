#include "core/plugin/elf_section.h"

#include <elf.h>

#include <cstring>
#include <istream>
#include <vector>

#include "kd/error.h"

namespace kd::core {
namespace {

constexpr uint64_t kLargestSection = 64 * 1024;
constexpr uint64_t kLargestNameTable = 4 * 1024 * 1024;

template <typename... Parts>
[[noreturn]] void refuse(const Parts&... parts) {
  throw Error(ErrorCode::kPlugin, cat("not a plugin: ", parts...));
}

class Reader {
 public:
  explicit Reader(std::istream& file) : file_(file) {
    file_.seekg(0, std::ios::end);
    const auto end = file_.tellg();
    if (!file_ || end < 0) refuse("the file cannot be read");
    size_ = static_cast<uint64_t>(end);
  }

  uint64_t size() const { return size_; }

  std::string bytes(uint64_t offset, uint64_t count, std::string_view what) {
    if (offset > size_ || count > size_ - offset) {
      refuse("the file is cut off: its ", what, " would lie beyond its end");
    }
    std::string out(count, '\0');
    file_.seekg(static_cast<std::streamoff>(offset));
    file_.read(out.data(), static_cast<std::streamsize>(count));
    if (!file_) refuse("the file cannot be read");
    return out;
  }

  template <typename T>
  T record(uint64_t offset, std::string_view what) {
    T out;
    std::memcpy(&out, bytes(offset, sizeof out, what).data(), sizeof out);
    return out;
  }

 private:
  std::istream& file_;
  uint64_t size_ = 0;
};

Elf64_Ehdr read_file_header(Reader& reader) {
  const auto start = reader.bytes(0, std::min<uint64_t>(reader.size(), SELFMAG), "header");
  if (start != ELFMAG) refuse("the file is no shared library (it is not in ELF format)");
  const auto header = reader.record<Elf64_Ehdr>(0, "header");
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB) {
    refuse("the file is for another kind of processor (not 64-bit little-endian)");
  }
  if (header.e_type != ET_DYN) refuse("the file is in ELF format but no shared library");
  if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff == 0) {
    refuse("the library has no section headers");
  }
  return header;
}

// At most 65535 headers of 64 bytes, by the widths of their fields.
std::vector<Elf64_Shdr> read_section_headers(Reader& reader, const Elf64_Ehdr& header) {
  std::vector<Elf64_Shdr> out(header.e_shnum);
  const auto bytes =
      reader.bytes(header.e_shoff, out.size() * sizeof(Elf64_Shdr), "section headers");
  if (!out.empty()) std::memcpy(out.data(), bytes.data(), bytes.size());
  return out;
}

bool has_name(const std::string& table, uint64_t offset, std::string_view name) {
  return offset < table.size() && std::strlen(table.c_str() + offset) == name.size() &&
         table.compare(offset, name.size(), name) == 0;
}

}  // namespace

std::string read_elf_section(std::istream& file, std::string_view name) {
  Reader reader(file);
  const Elf64_Ehdr header = read_file_header(reader);
  const auto sections = read_section_headers(reader, header);
  if (header.e_shstrndx >= sections.size()) refuse("the library's sections have no names");
  const Elf64_Shdr& names = sections[header.e_shstrndx];
  if (names.sh_size > kLargestNameTable) refuse("the library's table of names is too large");
  const std::string table = reader.bytes(names.sh_offset, names.sh_size, "table of names");
  for (const auto& section : sections) {
    if (section.sh_type != SHT_PROGBITS || !has_name(table, section.sh_name, name)) continue;
    if (section.sh_size > kLargestSection) refuse("its section ", name, " is too large");
    return reader.bytes(section.sh_offset, section.sh_size, cat("section ", name));
  }
  refuse("the library has no section ", name);
}

}  // namespace kd::core
