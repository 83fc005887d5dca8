#include "core/plugin/registry.h"

#include "core/plugin/listing.h"
#include "kd/json.h"
#include "kd/verifier.h"
#include "tests/faults/plugin_folder.h"

namespace kd::core {
namespace {

using fault::context;
using fault::error_of;

class RegistryTest : public fault::PluginFolderTest {
 protected:
  static std::string create_error(Registry& registry, const std::string& name,
                                  ErrorCode code = ErrorCode::kPlugin) {
    const Error error = error_of([&] { registry.create("verify", name, {}, context()); });
    EXPECT_EQ(error.code(), code);
    return error.what();
  }
};

TEST_F(RegistryTest, NamesAreKnownWithoutLoading) {
  const std::filesystem::path library = add_well_behaved();
  fault::write_bytes(library, "not even a library");
  Registry known = registry();
  EXPECT_EQ(known.kinds(), std::vector<std::string>{"verify"});
  EXPECT_EQ(known.names("verify"), (std::vector<std::string>{"exact", "threshold"}));
  EXPECT_TRUE(known.names("metric").empty());
  EXPECT_EQ(known.owner("verify", "exact")->name, "well_behaved");
  EXPECT_EQ(known.owner("verify", "other"), nullptr);
  EXPECT_EQ(known.find("verify", "other"), nullptr);
  EXPECT_THROW(known.find("verify", "exact"), Error);
}

TEST_F(RegistryTest, ComponentsAreFoundAndMade) {
  add_well_behaved();
  Registry known = registry();
  const ComponentInfo* info = known.find("verify", "threshold");
  ASSERT_NE(info, nullptr);
  EXPECT_EQ(info->summary, "score above a threshold");
  EXPECT_EQ(known.find("verify", "threshold"), info);
  const auto verifier =
      known.create_as<Verifier>("threshold", info->schema.resolve_or_throw({}, ""), context());
  EXPECT_EQ(verifier->verify({}, "42").score, 1);
}

TEST_F(RegistryTest, UnknownNamesSayWhatWasMeant) {
  add_well_behaved();
  Registry known = registry();
  EXPECT_EQ(create_error(known, "exat", ErrorCode::kUsage),
            "there is no component verify.exat\n"
            "  hint: did you mean 'exact'? valid: exact, threshold");
}

TEST_F(RegistryTest, WhateverFactoriesThrowNamesThePlugin) {
  add("throws_in_factory", "0.1.0",
      {"kd_error", "std_exception", "c10_error", "integer", "bad_alloc", "nothing"});
  Registry known = registry();
  const std::string plugin = "plugin throws_in_factory 0.1.0, verify.";
  EXPECT_EQ(create_error(known, "kd_error", ErrorCode::kData),
            plugin + "kd_error: the file is empty\n  hint: give another one");
  EXPECT_EQ(create_error(known, "std_exception"), plugin + "std_exception: it is Monday");
  EXPECT_EQ(create_error(known, "c10_error"), plugin + "c10_error: sizes do not match: 3 and 4");
  EXPECT_EQ(create_error(known, "integer"),
            plugin + "integer: something that is no std::exception was thrown");
  EXPECT_EQ(create_error(known, "bad_alloc", ErrorCode::kMemory),
            plugin + "bad_alloc: out of memory");
  EXPECT_EQ(create_error(known, "nothing"), plugin + "nothing: its factory returned nothing");
}

TEST_F(RegistryTest, ThePluginTomlMustTellTheTruth) {
  add("well_behaved", "1.2.4", {"exact", "exactly"});
  Registry known = registry();
  const Error error = error_of([&] { known.find("verify", "exact"); });
  EXPECT_EQ(error.code(), ErrorCode::kPlugin);
  EXPECT_STREQ(error.what(),
               cat((root_ / "well_behaved" / "plugin.toml").string(),
                   ": plugin well_behaved differs from its plugin.toml: version is '1.2.4' there "
                   "and '1.2.3' in the library; announced, not registered: verify.exactly; "
                   "registered, not announced: verify.threshold\n"
                   "  hint: correct plugin.toml or the plugin's registration")
                   .c_str());
}

TEST_F(RegistryTest, TwoPluginsOfOneComponentAreBothNamed) {
  add("well_behaved", "1.2.3", {"exact"});
  add("same_name_twice", "0.1.0", {"exact"});
  const Error error = error_of([&] { registry(); });
  EXPECT_EQ(error.message(),
            cat("component verify.exact is provided twice: by plugin same_name_twice (",
                (root_ / "same_name_twice").string(), ") and by plugin well_behaved (",
                (root_ / "well_behaved").string(), ")"));
}

TEST_F(RegistryTest, BuiltinsAreComponentsToo) {
  add_well_behaved();
  Registry known = registry();
  const Factory factory = [](const Value::Map&, const CreateContext&) {
    return std::static_pointer_cast<void>(std::make_shared<int>(7));
  };
  known.builtins().add_component({"optimizer", "adamw", "s", {}, {}}, factory);
  EXPECT_EQ(known.owner("optimizer", "adamw"), nullptr);
  EXPECT_EQ(known.find("optimizer", "adamw")->summary, "s");
  EXPECT_EQ(known.kinds(), (std::vector<std::string>{"optimizer", "verify"}));
  EXPECT_EQ(*std::static_pointer_cast<int>(known.create("optimizer", "adamw", {}, context())), 7);
  const auto add = [&](const char* kind, const char* name) {
    known.builtins().add_component({kind, name, "s", {}, {}}, factory);
  };
  EXPECT_EQ(error_of([&] { add("optimizer", "adamw"); }).message(),
            "component optimizer.adamw is provided twice: by the engine and by the engine");
  EXPECT_EQ(error_of([&] { add("verify", "exact"); }).message(),
            cat("component verify.exact is provided twice: by the engine and by plugin "
                "well_behaved (",
                (root_ / "well_behaved").string(), ")"));
}

TEST_F(RegistryTest, SearchPathComesFromTheEnvironmentAndTheProgram) {
  ::setenv("KD_PLUGIN_PATH", "/a::/b", 1);
  const auto path = default_plugin_path();
  ASSERT_EQ(path.size(), 4u);
  EXPECT_EQ(path[0], "/a");
  EXPECT_EQ(path[1], "/b");
  EXPECT_TRUE(path[2].is_absolute());
  EXPECT_EQ(path[2].filename(), "plugins");
  ::setenv("KD_PLUGIN_PATH", "plugins", 1);
  EXPECT_EQ(error_of([] { default_plugin_path(); }).code(), ErrorCode::kUsage);
  ::unsetenv("KD_PLUGIN_PATH");
}

TEST_F(RegistryTest, Listings) {
  fault::write_bytes(add_well_behaved(), "listing loads nothing");
  EXPECT_EQ(plugins_text(scan_manifests({root_})),
            "well_behaved 1.2.3: for tests\n"
            "  verify.exact      of tests\n"
            "  verify.threshold  of tests\n");
  const Value value = plugins_value(scan_manifests({root_}));
  EXPECT_EQ(value.find("plugins")->as_list()[0].find("name")->as_string(), "well_behaved");
}

TEST_F(RegistryTest, ShowTellsTheParameters) {
  add_well_behaved();
  Registry known = registry();
  const std::string threshold =
      "verify.threshold: score above a threshold\n"
      "  from plugin well_behaved 1.2.3\n"
      "    at_least  number, at least 0, at most 1, default 0.5: score that counts as right\n"
      "    mode      string, one of all | last, default all: what to compare\n";
  EXPECT_EQ(show_text(known, "threshold"), threshold);
  EXPECT_EQ(show_text(known, "verify.threshold"), threshold);
  EXPECT_EQ(show_text(known, "well_behaved"),
            "verify.exact: equal to 42\n"
            "  from plugin well_behaved 1.2.3\n"
            "  no parameters\n\n" +
                threshold);
  EXPECT_STREQ(error_of([&] { show_text(known, "treshold"); }).what(),
               "there is no plugin or component 'treshold'\n"
               "  hint: valid: well_behaved, verify.exact, verify.threshold");
  const Value schema = schema_value(known);
  EXPECT_EQ(to_json(*schema.find("verify")->find("exact")),
            R"({"kind":"verify","name":"exact","plugin":{"name":"well_behaved",)"
            R"("version":"1.2.3"},"schema":{"additionalProperties":false,"properties":{},)"
            R"("required":[],"type":"object"},"summary":"equal to 42"})");
}

}  // namespace
}  // namespace kd::core
