#include "core/plugin/manifest.h"

#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

using fault::error_of;
using fault::write_bytes;

const char* const kHead =
    "name = \"redi\"\nversion = \"0.1.0\"\nsummary = \"s\"\nlibrary = \"libkd_redi.so\"\n";
const char* const kProvides =
    "[[provides]]\nkind = \"objective\"\nname = \"redi\"\nsummary = \"t\"\n";

class Manifest : public fault::PluginFolderTest {
 protected:
  std::filesystem::path file() const { return root_ / "redi" / "plugin.toml"; }
  void write(const std::string& text) const {
    std::filesystem::create_directory(root_ / "redi");
    write_bytes(file(), text);
  }
  std::string refusal(const std::string& text) const {
    write(text);
    const Error error = error_of([&] { read_manifest(file()); });
    EXPECT_EQ(error.code(), ErrorCode::kPlugin);
    const std::string place = file().string() + ":";
    EXPECT_EQ(error.where().find(place), 0u) << error.where();
    return error.where().substr(place.size()) + ": " + error.message();
  }
};

TEST_F(Manifest, IsRead) {
  write(cat(kHead, "paper = \"arXiv:1\"\n", kProvides));
  const PluginManifest manifest = read_manifest(file());
  EXPECT_EQ(manifest.name, "redi");
  EXPECT_EQ(manifest.version, "0.1.0");
  EXPECT_EQ(manifest.summary, "s");
  EXPECT_EQ(manifest.paper, "arXiv:1");
  EXPECT_EQ(manifest.folder, root_ / "redi");
  EXPECT_EQ(manifest.library, root_ / "redi" / "libkd_redi.so");
  ASSERT_EQ(manifest.provides.size(), 1u);
  EXPECT_EQ(manifest.provides[0].kind, "objective");
  EXPECT_EQ(manifest.provides[0].name, "redi");
  EXPECT_EQ(manifest.provides[0].summary, "t");
}

TEST_F(Manifest, ErrorsHaveTheirLine) {
  EXPECT_EQ(refusal(cat("name = \"redi\"\n", kProvides)), "1: missing key 'version'");
  EXPECT_EQ(refusal(cat(kHead, "sumary = \"x\"\n", kProvides)), "5: unknown key 'sumary'");
  EXPECT_EQ(refusal(cat(kHead, "paper = 7\n", kProvides)),
            "5: 'paper' must be a text that is not empty");
  EXPECT_EQ(refusal(cat(kHead, kProvides, "nmae = \"x\"\n")), "9: unknown key 'nmae'");
  EXPECT_EQ(refusal(cat(kHead, kProvides, kProvides)),
            "9: component objective.redi is announced twice");
  EXPECT_EQ(refusal(kHead), "1: there is no [[provides]]");
  EXPECT_EQ(refusal(cat("provides = [1]\n", kHead)), "1: 'provides' must be tables: [[provides]]");
  EXPECT_EQ(refusal("name = \"redi\nversion").substr(0, 2), "1:");
  EXPECT_EQ(refusal(cat("name = \"a\"\nversion = \"1\"\nsummary = \"s\"\nlibrary = \"../x.so\"\n",
                        kProvides)),
            "4: 'library' must be the name of a file beside plugin.toml");
  EXPECT_EQ(refusal(std::string(100000, '[')).substr(0, 2), "1:");
}

TEST_F(Manifest, TheScanGoesOnAfterAnError) {
  add_well_behaved();
  write("name = 1\n");
  const ManifestScan scan = scan_manifests({root_, root_ / "none", root_});
  ASSERT_EQ(scan.manifests.size(), 1u);
  EXPECT_EQ(scan.manifests[0].name, "well_behaved");
  ASSERT_EQ(scan.errors.size(), 1u);
  EXPECT_THROW(registry(), Error);
}

TEST_F(Manifest, EqualNamesAreAnErrorThatNamesBothFolders) {
  add("well_behaved", "1.2.3", {"exact"}, "a");
  add("well_behaved", "1.2.3", {"threshold"}, "b");
  const Error error = error_of([&] { registry(); });
  EXPECT_EQ(error.message(), cat("two plugins are named 'well_behaved': ", (root_ / "a").string(),
                                 " and ", (root_ / "b").string()));
}

}  // namespace
}  // namespace kd::core
