#include "core/plugin/abi_tag.h"

#include <elf.h>

#include <cstddef>
#include <cstring>
#include <sstream>

#include "core/plugin/elf_section.h"
#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

using fault::error_of;
using fault::fault_library;
using fault::read_bytes;

TEST(AbiTag, ParsesItsFields) {
  const AbiTag tag = parse_abi_tag(std::string("kdabi;kd=1;cxx=12.2.0 a=b;san=;\0junk", 36));
  EXPECT_EQ(tag, (AbiTag{{"kd", "1"}, {"cxx", "12.2.0 a=b"}, {"san", ""}}));
  for (const char* text :
       {"", "kd=1;", "kdabi;kd", "kdabi;kd=1", "kdabi;=1;", "kdabi;a=1;a=2;", "kdabi;;"}) {
    EXPECT_THROW(parse_abi_tag(text), Error) << text;
  }
}

TEST(AbiTag, IsReadFromTheLibrary) {
  const AbiTag tag = read_abi_tag(fault_library("well_behaved"));
  EXPECT_EQ(tag.at("name"), "well_behaved");
  EXPECT_EQ(tag.at("version"), "1.2.3");
  EXPECT_EQ(tag.at("torch"), host_abi_tag().at("torch"));
  EXPECT_TRUE(abi_differences(tag, host_abi_tag()).empty());
}

TEST(AbiTag, EveryFieldCounts) {
  const AbiTag host = host_abi_tag();
  for (const char* field : {"kd", "torch", "stdlib", "cxx11", "debug", "san", "arch"}) {
    AbiTag other = host;
    other[field] = "other";
    const auto differences = abi_differences(other, host);
    ASSERT_EQ(differences.size(), 1u) << field;
    EXPECT_EQ(differences[0].field, field);
    other.erase(field);
    ASSERT_EQ(abi_differences(other, host).size(), 1u) << field;
    EXPECT_EQ(abi_differences(other, host)[0].plugin, "missing");
  }
  AbiTag other = host;
  other["cxx"] = other["sdk"] = "other";
  EXPECT_TRUE(abi_differences(other, host).empty());
}

TEST(AbiTag, CudaIsEqualOrNone) {
  AbiTag plugin = host_abi_tag(), host = plugin;
  plugin["cuda"] = "13";
  host["cuda"] = "none";
  EXPECT_TRUE(abi_differences(plugin, host).empty());
  host["cuda"] = "12";
  EXPECT_EQ(abi_differences(plugin, host).size(), 1u);
  plugin["cuda"] = "none";
  EXPECT_TRUE(abi_differences(plugin, host).empty());
}

TEST(AbiTag, MismatchesListEveryField) {
  const AbiTag host{{"kd", "1"},    {"torch", "2.11.0"}, {"stdlib", "libstdc++"}, {"cxx11", "1"},
                    {"debug", "0"}, {"san", "none"},     {"arch", "x86_64"},      {"cuda", "none"}};
  AbiTag plugin = host;
  plugin["name"] = "redi";
  plugin["torch"] = "2.9.1";
  plugin["san"] = "address";
  const Error error = error_of([&] { require_same_abi(plugin, host, "/p/libkd_redi.so"); });
  EXPECT_EQ(error.code(), ErrorCode::kPlugin);
  EXPECT_STREQ(error.what(),
               "/p/libkd_redi.so: plugin 'redi' was built for another kd\n"
               "  field  built for  this host\n"
               "  torch  2.9.1      2.11.0\n"
               "  san    address    none\n"
               "  hint: build the plugin anew against this kd: cmake -S <its folder> -B build "
               "-DCMAKE_PREFIX_PATH=<where kd is installed> && cmake --build build");
}

TEST(AbiTag, TorchIsTheOneWeWereBuiltFor) { EXPECT_NO_THROW(require_built_for_torch()); }

std::string elf_error(const std::string& bytes) {
  std::istringstream in(bytes);
  const Error error = error_of([&] { read_elf_section(in, "kdabi"); });
  EXPECT_EQ(error.code(), ErrorCode::kPlugin);
  return error.message();
}

TEST(ElfSection, SaysWhatTheFileIsInstead) {
  EXPECT_EQ(elf_error(""), "not a plugin: the file is no shared library (it is not in ELF format)");
  EXPECT_EQ(elf_error("hello\n"),
            "not a plugin: the file is no shared library (it is not in ELF format)");
  EXPECT_EQ(elf_error(read_bytes(fault_library("no_tag"))),
            "not a plugin: the library has no section kdabi");
  EXPECT_EQ(elf_error(read_bytes("/proc/self/exe")).substr(0, 13), "not a plugin:");
  const std::string good = read_bytes(fault_library("well_behaved"));
  EXPECT_EQ(elf_error(good.substr(0, 20)),
            "not a plugin: the file is cut off: its header would lie beyond its end");
  EXPECT_EQ(elf_error(good.substr(0, good.size() / 2)),
            "not a plugin: the file is cut off: its section headers would lie beyond its end");
  std::string foreign = good;
  foreign[EI_CLASS] = ELFCLASS32;
  EXPECT_EQ(elf_error(foreign),
            "not a plugin: the file is for another kind of processor (not 64-bit little-endian)");
}

TEST(ElfSection, ClaimsOfHugeSizesAreRefused) {
  const std::string good = read_bytes(fault_library("well_behaved"));
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof header);
  int refused = 0;
  for (unsigned i = 0; i < header.e_shnum; ++i) {
    std::string bytes = good;
    Elf64_Shdr section;
    const size_t at = header.e_shoff + i * sizeof section;
    std::memcpy(&section, bytes.data() + at, sizeof section);
    section.sh_size = ~uint64_t{0} - section.sh_offset + 2;  // the sum wraps to 1
    std::memcpy(bytes.data() + at, &section, sizeof section);
    std::istringstream in(bytes);
    try {
      read_elf_section(in, "kdabi");
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_EQ(refused, 2);  // the table of names and the section itself
}

// An offset so large that adding the size wraps around to a place inside the file.
TEST(ElfSection, OffsetsThatWrapAreBeyondTheEnd) {
  std::string bytes = read_bytes(fault_library("well_behaved"));
  const uint64_t offset = ~uint64_t{0} - 10;
  std::memcpy(bytes.data() + offsetof(Elf64_Ehdr, e_shoff), &offset, sizeof offset);
  EXPECT_EQ(elf_error(bytes),
            "not a plugin: the file is cut off: its section headers would lie beyond its end");
}

// Changing any byte of the headers gives a section or an error, nothing else.
TEST(ElfSection, IsTotalOnDamagedHeaders) {
  const std::string good = read_bytes(fault_library("well_behaved"));
  Elf64_Ehdr header;
  std::memcpy(&header, good.data(), sizeof header);
  std::vector<size_t> places;
  for (size_t at = 0; at < sizeof header; ++at) places.push_back(at);
  for (size_t at = header.e_shoff; at < good.size(); ++at) places.push_back(at);
  std::stringstream file(good);
  int errors = 0;
  for (const size_t at : places) {
    for (const char value : {'\0', '\x01', '\x7f', '\xff'}) {
      file.seekp(static_cast<std::streamoff>(at)).put(value);
      try {
        read_elf_section(file, "kdabi");
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::kPlugin);
        ++errors;
        file.clear();
      }
    }
    file.seekp(static_cast<std::streamoff>(at)).put(good[at]);
  }
  EXPECT_GT(errors, 40);
}

}  // namespace
}  // namespace kd::core
