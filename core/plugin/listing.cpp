#include "core/plugin/listing.h"

#include <algorithm>

#include "kd/error.h"
#include "kd/json.h"

namespace kd::core {
namespace {

std::string padded(std::string text, size_t width) {
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

// Two columns, the first as wide as its longest entry.
std::string columns(const std::vector<std::pair<std::string, std::string>>& rows,
                    const std::string& indent) {
  size_t width = 0;
  for (const auto& [left, right] : rows) width = std::max(width, left.size());
  std::string out;
  for (const auto& [left, right] : rows) {
    out += cat(indent, right.empty() ? left : padded(left, width + 2), right, "\n");
  }
  return out;
}

std::string plain(const Value& value) {
  return value.is_string() ? value.as_string() : to_json(value);
}

// "number, 0 to 1, default 0.8", from one entry of Schema::to_value.
std::string describe_property(const Value& property, bool required) {
  const auto text = [&](const char* key) {
    const Value* value = property.find(key);
    return !value || value->is_map() ? std::string() : value->preview();
  };
  std::string out = plain(*property.find("type"));
  if (const Value* items = property.find("items")) out += cat(" of ", plain(*items));
  const std::string min = text("minimum"), above = text("exclusiveMinimum"), max = text("maximum");
  if (!min.empty()) out += cat(", at least ", min);
  if (!above.empty()) out += cat(", above ", above);
  if (!max.empty()) out += cat(", at most ", max);
  if (const Value* choices = property.find("enum")) {
    std::vector<std::string> words;
    for (const auto& choice : choices->as_list()) words.push_back(choice.as_string());
    out += cat(", one of ", join(words, " | "));
  }
  if (const Value* unit = property.find("unit")) out += cat(", in ", unit->as_string());
  if (required) return out + ", required";
  return property.find("default") ? cat(out, ", default ", plain(*property.find("default"))) : out;
}

void add_parameters(const Schema& schema, const std::string& prefix,
                    std::vector<std::pair<std::string, std::string>>& rows) {
  const Value described = schema.to_value();
  for (const auto& spec : schema.params) {
    const Value& property = described.find("properties")->as_map().at(spec.name);
    std::string text = spec.table ? "table" : describe_property(property, spec.required);
    if (!spec.help.empty()) text += cat(": ", spec.help);
    rows.emplace_back(prefix + spec.name, std::move(text));
    if (spec.table) add_parameters(*spec.table, cat(prefix, spec.name, "."), rows);
  }
}

struct Shown {
  const ComponentInfo* info;
  const PluginManifest* owner;
};

// The component, or null; loads its plugin.
Shown component(Registry& registry, const std::string& kind, const std::string& name) {
  return {registry.find(kind, name), registry.owner(kind, name)};
}

std::vector<std::string> all_names(const Registry& registry) {
  std::vector<std::string> out;
  for (const auto& manifest : registry.manifests()) out.push_back(manifest.name);
  for (const auto& kind : registry.kinds()) {
    for (const auto& name : registry.names(kind)) out.push_back(cat(kind, ".", name));
  }
  return out;
}

// What NAME stands for: a plugin's components, or one component.
std::vector<Shown> resolve(Registry& registry, const std::string& name) {
  std::vector<Shown> out;
  for (const auto& manifest : registry.manifests()) {
    if (manifest.name != name) continue;
    for (const auto& announced : manifest.provides) {
      out.push_back(component(registry, announced.kind, announced.name));
    }
    return out;
  }
  for (const auto& kind : registry.kinds()) {
    for (const auto& known : registry.names(kind)) {
      if (name == known || name == cat(kind, ".", known)) {
        out.push_back(component(registry, kind, known));
      }
    }
  }
  if (!out.empty()) return out;
  throw Error(ErrorCode::kUsage, cat("there is no plugin or component '", name, "'"),
              did_you_mean(name, all_names(registry)));
}

}  // namespace

std::string plugins_text(const ManifestScan& scan) {
  std::string out;
  for (const auto& manifest : scan.manifests) {
    out += cat(manifest.name, " ", manifest.version, ": ", manifest.summary, "\n");
    std::vector<std::pair<std::string, std::string>> rows;
    for (const auto& c : manifest.provides) rows.emplace_back(cat(c.kind, ".", c.name), c.summary);
    out += columns(rows, "  ");
  }
  for (const auto& error : scan.errors) out += cat("error: ", error.what(), "\n");
  return out.empty() ? "no plugins found; set KD_PLUGIN_PATH\n" : out;
}

Value plugins_value(const ManifestScan& scan) {
  Value::List plugins, errors;
  for (const auto& manifest : scan.manifests) {
    Value::List provides;
    for (const auto& c : manifest.provides) {
      provides.push_back(Value::Map{{"kind", c.kind}, {"name", c.name}, {"summary", c.summary}});
    }
    plugins.push_back(Value::Map{{"name", manifest.name},
                                 {"version", manifest.version},
                                 {"summary", manifest.summary},
                                 {"paper", manifest.paper},
                                 {"library", manifest.library.string()},
                                 {"provides", std::move(provides)}});
  }
  for (const auto& error : scan.errors) errors.push_back(error.what());
  return Value::Map{{"plugins", std::move(plugins)}, {"errors", std::move(errors)}};
}

std::string component_text(const ComponentInfo& info, const PluginManifest* owner) {
  std::string out = cat(info.kind, ".", info.name, ": ", info.summary, "\n");
  if (owner) {
    out += cat("  from plugin ", owner->name, " ", owner->version,
               owner->paper.empty() ? "" : cat("; ", owner->paper), "\n");
  }
  if (!info.splits.empty()) out += cat("  splits: ", join(info.splits), "\n");
  std::vector<std::pair<std::string, std::string>> rows;
  add_parameters(info.schema, "", rows);
  return out + (rows.empty() ? "  no parameters\n" : columns(rows, "    "));
}

Value component_value(const ComponentInfo& info, const PluginManifest* owner) {
  Value::Map out{{"kind", info.kind},
                 {"name", info.name},
                 {"summary", info.summary},
                 {"schema", info.schema.to_value()}};
  if (owner) out["plugin"] = Value::Map{{"name", owner->name}, {"version", owner->version}};
  if (!info.splits.empty()) out["splits"] = Value::List(info.splits.begin(), info.splits.end());
  return out;
}

std::string show_text(Registry& registry, const std::string& name) {
  std::string out;
  for (const auto& [info, owner] : resolve(registry, name)) {
    out += cat(out.empty() ? "" : "\n", component_text(*info, owner));
  }
  return out;
}

Value show_value(Registry& registry, const std::string& name) {
  Value::List out;
  for (const auto& [info, owner] : resolve(registry, name)) {
    out.push_back(component_value(*info, owner));
  }
  return out;
}

Value schema_value(Registry& registry) {
  Value::Map out;
  for (const auto& kind : registry.kinds()) {
    Value::Map components;
    for (const auto& name : registry.names(kind)) {
      const auto [info, owner] = component(registry, kind, name);
      components.emplace(name, component_value(*info, owner));
    }
    out.emplace(kind, std::move(components));
  }
  return out;
}

}  // namespace kd::core
