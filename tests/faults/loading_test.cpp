#include <sys/stat.h>

#include "core/plugin/plugin_library.h"
#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

using fault::error_of;
using fault::fault_library;
using fault::read_bytes;
using fault::retagged;
using fault::write_bytes;
namespace fs = std::filesystem;

class Loading : public fault::PluginFolderTest {
 protected:
  static Error refusal(const fs::path& library) {
    const Error error = error_of([&] { load_plugin_library(library); });
    EXPECT_EQ(error.code(), ErrorCode::kPlugin);
    EXPECT_EQ(error.where(), library.string());
    return error;
  }
};

TEST_F(Loading, AGoodPluginBringsItsComponents) {
  const auto& library = load_plugin_library(add_well_behaved());
  EXPECT_EQ(library.title(), "plugin well_behaved 1.2.3");
  const auto components = registered_components(library);
  ASSERT_EQ(components.size(), 2u);
  EXPECT_EQ(components[0].info.name, "exact");
  EXPECT_EQ(components[1].info.schema.names(), (std::vector<std::string>{"at_least", "mode"}));
}

TEST_F(Loading, TheSameFileIsLoadedOnce) {
  const fs::path library = add_well_behaved();
  fs::create_symlink(library, root_ / "link.so");
  fs::create_hard_link(library, root_ / "hard.so");
  const auto* first = &load_plugin_library(library);
  EXPECT_EQ(&load_plugin_library(root_ / "link.so"), first);
  EXPECT_EQ(&load_plugin_library(root_ / "hard.so"), first);
}

// Each field wrong, and proof that a refused plugin's code never ran: its initialiser would have
// left a mark, as that of the good one does.
TEST_F(Loading, WrongTagsAreRefusedBeforeAnyCodeRuns) {
  const fs::path mark = root_ / "mark";
  ::setenv("KD_FAULT_MARK", mark.c_str(), 1);
  const std::string good = read_bytes(fault_library("well_behaved"));
  const std::vector<std::array<std::string, 3>> changes{{"kd", ";kd=1;", ";kd=7;"},
                                                        {"torch", ";torch=2.", ";torch=1."},
                                                        {"stdlib", "libstdc++", "libstdc--"},
                                                        {"cxx11", ";cxx11=1;", ";cxx11=0;"},
                                                        {"debug", ";debug=0;", ";debug=1;"},
                                                        {"arch", ";arch=", ";arkh="},
                                                        {"san", ";san=", ";sam="}};
  for (const auto& [field, from, to] : changes) {
    const fs::path library = root_ / (field + ".so");
    write_bytes(library, retagged(good, from, to));
    const Error error = refusal(library);
    EXPECT_EQ(error.message().find("plugin 'well_behaved' was built for another kd\n"), 0u);
    EXPECT_NE(error.message().find("\n  " + field + " "), std::string::npos) << error.what();
    EXPECT_FALSE(fs::exists(mark)) << field;
  }
  write_bytes(root_ / "good.so", good);
  load_plugin_library(root_ / "good.so");
  EXPECT_TRUE(fs::exists(mark));
  ::unsetenv("KD_FAULT_MARK");
}

TEST_F(Loading, SeveralWrongFieldsAreAllListed) {
  std::string bytes = read_bytes(fault_library("well_behaved"));
  bytes = retagged(retagged(bytes, ";kd=1;", ";kd=7;"), ";debug=0;", ";debug=1;");
  write_bytes(root_ / "x.so", bytes);
  EXPECT_EQ(refusal(root_ / "x.so").message(),
            "plugin 'well_behaved' was built for another kd\n"
            "  field  built for  this host\n"
            "  kd     7          1\n"
            "  debug  1          0");
}

TEST_F(Loading, WhatIsNoPluginIsRefused) {
  const fs::path file = root_ / "x.so";
  write_bytes(file, "#!/bin/sh\necho hello\n");
  EXPECT_STREQ(
      refusal(file).what(),
      cat(file.string(),
          ": not a plugin: the file is no shared library (it is not in ELF format)\n"
          "  hint: a plugin is a shared library that uses KD_PLUGIN, made by kd_add_plugin")
          .c_str());
  const std::string good = read_bytes(fault_library("well_behaved"));
  for (size_t kept = 0; kept < good.size() - 64; kept += good.size() / 13) {
    write_bytes(file, good.substr(0, kept));
    EXPECT_EQ(refusal(file).message().find("not a plugin: "), 0u) << kept;
  }
  write_bytes(file, read_bytes(fault_library("no_tag")));
  EXPECT_EQ(refusal(file).message(), "not a plugin: the library has no section kdabi");
  write_bytes(file, read_bytes(fault_library("no_entry")));
  EXPECT_EQ(refusal(file).message(), "plugin no_entry 0.1.0 has no function kd_plugin_register");
  EXPECT_EQ(refusal(root_ / "none.so").message(),
            "cannot open the plugin: No such file or directory");
}

// The tag is fine, and the loader's own check of the rest is not.
TEST_F(Loading, WhatTheLoaderRefusesIsToldInItsWords) {
  std::string bytes = read_bytes(fault_library("well_behaved"));
  const std::string needed = "libkd_sdk.so";
  bytes.replace(bytes.find(needed), needed.size(), "libkd_sdq.so");
  write_bytes(root_ / "x.so", bytes);
  EXPECT_EQ(refusal(root_ / "x.so").message(),
            "cannot load plugin well_behaved 1.2.3: libkd_sdq.so: cannot open shared object file: "
            "No such file or directory");
}

TEST_F(Loading, WhatEverybodyMayWriteIsRefused) {
  const fs::path library = add_well_behaved();
  ::chmod(library.c_str(), 0666);
  EXPECT_EQ(refusal(library).message(),
            cat("everybody on this machine may write ", library.string()));
  ::chmod(library.c_str(), 0644);
  ::chmod(library.parent_path().c_str(), 0777);
  EXPECT_EQ(refusal(library).message(),
            cat("everybody on this machine may write ", library.parent_path().string()));
  ::chmod(library.parent_path().c_str(), 0755);
  EXPECT_NO_THROW(load_plugin_library(library));
}

TEST_F(Loading, RegistrationsThatThrowAreNamed) {
  const fs::path library = add("throws_in_register", "0.1.0", {"exact"});
  const Error error = error_of([&] { registered_components(load_plugin_library(library)); });
  EXPECT_EQ(error.code(), ErrorCode::kPlugin);
  EXPECT_STREQ(error.what(), cat(library.string(),
                                 ": registration of plugin throws_in_register 0.1.0: no table of "
                                 "words")
                                 .c_str());
}

TEST_F(Loading, NamesRegisteredTwiceAreRefused) {
  const fs::path library = add("same_name_twice", "0.1.0", {"exact"});
  const Error error = error_of([&] { registered_components(load_plugin_library(library)); });
  EXPECT_EQ(error.message(), "component verify.exact is registered twice");
}

}  // namespace
}  // namespace kd::core
