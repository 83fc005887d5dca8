#include "core/pipeline/instances.h"

#include <utility>

#include "core/pipeline/hash.h"
#include "kd/data.h"
#include "kd/error.h"
#include "kd/json.h"

namespace kd::core {
namespace {

const Value* param(const ComponentHandle& handle, std::string_view name) {
  auto it = handle.params.find(name);
  return it == handle.params.end() || it->second.is_nil() ? nullptr : &it->second;
}

// What a component is, whatever the build of its plugin: keys its initial weights.
std::string identity(const ComponentHandle& handle) {
  KeySources sources;
  sources.stage_key = [](const std::string& stage) { return stage; };
  sources.component_build = [](const std::string&, const std::string&) { return std::string(); };
  auto copy = std::make_shared<const ComponentHandle>(handle);
  return sha256_hex(to_json(describe_for_key(Value(ObjectPtr(copy)), sources)));
}

// Runs `make` and names the component's place in the recipe in whatever it throws.
template <typename Make>
auto at_place(const ComponentHandle& handle, Make&& make) {
  try {
    return make();
  } catch (Error& error) {
    const bool placed = error.where().find(handle.where.file) != std::string::npos;
    if (handle.where.line > 0 && !placed) {
      error.add_where(handle.where.str());
    }
    throw;
  }
}

}  // namespace

std::shared_ptr<void> Instances::shared_instance(const ComponentPtr& handle) {
  auto it = shared_.find(handle.get());
  if (it != shared_.end()) return it->second;
  auto made = fresh(*handle);
  kept_.push_back(handle);
  shared_.emplace(handle.get(), made);
  return made;
}

std::shared_ptr<void> Instances::fresh(const ComponentHandle& handle) {
  const ComponentInfo* info = registry_.find(handle.kind, handle.name);
  if (!info) {
    throw Error(ErrorCode::kPlugin, cat("no ", handle.kind, " named '", handle.name, "'"),
                did_you_mean(handle.name, registry_.names(handle.kind)), handle.where.str());
  }
  return at_place(handle, [&] {
    const Value::Map prepared = prepare(info->schema, handle.params);
    CreateContext context{RandomStream(StreamKey{run_seed_, identity(handle), "init"})};
    return registry_.create(handle.kind, handle.name, prepared, context);
  });
}

LoadedModel Instances::model(const ModelHandle& handle) {
  if (handle.component) {
    auto made = std::static_pointer_cast<Model>(fresh(*handle.component));
    return {std::move(made), tokenizer_of(handle),
            cat(handle.component->name, " at ", handle.where.str())};
  }
  const std::filesystem::path folder = models_.model_folder(handle.stage, handle.output);
  if (!handle.origin) {
    throw Error(ErrorCode::kInternal,
                cat("the model ", handle.stage, ".", handle.output, " has no component"));
  }
  // The same component as the one training started from, with the weights that the stage left.
  // By convention a model is made from `path` or from `config`.
  ComponentHandle loaded = *handle.origin;
  loaded.params.erase("config");
  loaded.params["path"] = folder.string();
  auto made = std::static_pointer_cast<Model>(fresh(loaded));
  return {std::move(made), tokenizer_of(handle), cat(handle.stage, ".", handle.output)};
}

std::shared_ptr<Tokenizer> Instances::tokenizer_of(const ModelHandle& handle) {
  const ComponentPtr& component = handle.component ? handle.component : handle.origin;
  if (!component) return nullptr;
  if (const Value* tokenizer = param(*component, "tokenizer")) {
    if (auto nested = tokenizer->object_as<ComponentHandle>()) return shared<Tokenizer>(nested);
  }
  if (const Value* path = param(*component, "path")) return tokenizer_in(path->as_string());
  return nullptr;
}

std::shared_ptr<Tokenizer> Instances::tokenizer_in(const std::filesystem::path& folder) {
  if (!std::filesystem::exists(folder / "tokenizer.json")) return nullptr;
  auto it = folder_tokenizers_.find(folder);
  if (it != folder_tokenizers_.end()) return it->second;
  ComponentHandle file;
  file.kind = Tokenizer::kKind;
  file.name = "file";
  file.params["path"] = folder.string();
  auto made = std::static_pointer_cast<Tokenizer>(fresh(file));
  folder_tokenizers_[folder] = made;
  return made;
}

Value::Map Instances::prepare(const Schema& schema, const Value::Map& params) {
  Value::Map out;
  for (const auto& [key, value] : params) {
    const ParamSpec* spec = schema.find(key);
    out[key] = spec && !value.is_nil() ? prepare_value(*spec, value) : value;
  }
  return out;
}

Value Instances::prepare_value(const ParamSpec& spec, const Value& value) {
  switch (spec.type) {
    case ParamType::kSchedule:
      return prepare_schedule(value);
    case ParamType::kRows:
      if (auto dataset = value.object_as<DatasetHandle>()) {
        return Value(ObjectPtr(materialise(*dataset, datasets_)));
      }
      return value;
    case ParamType::kComponent: {
      auto handle = value.object_as<ComponentHandle>();
      if (!handle) return value;
      // Tokenizers and other constants are shared; what learns or keeps state is made afresh.
      const bool constant = handle->kind == Tokenizer::kKind || handle->kind == DataSource::kKind;
      auto made = constant ? shared_instance(handle) : fresh(*handle);
      return Value(std::make_shared<InstanceObject>(handle->kind, std::move(made)));
    }
    case ParamType::kComponents: {
      ParamSpec single = spec;
      single.type = ParamType::kComponent;
      Value::List out;
      for (const Value& item : value.as_list()) out.push_back(prepare_value(single, item));
      return Value(std::move(out));
    }
    case ParamType::kTable:
      return Value(prepare(*spec.table, value.as_map()));
    default:
      return value;
  }
}

Value Instances::prepare_schedule(const Value& value) {
  auto handle = value.object_as<ComponentHandle>();
  if (!handle) return value;
  auto made = std::static_pointer_cast<ScheduleFunction>(fresh(*handle));
  return Value(ObjectPtr(std::move(made)));
}

}  // namespace kd::core
