// Datasets in recipes: splits of a source and the operations on rows, all lazy.
#pragma once

#include <lua.hpp>
#include <string>
#include <vector>

#include "core/recipe/handles.h"

namespace kd::core {

class Session;

void open_datasets(lua_State* L);
// The splits of a source of which none was chosen; empty when the handle is a dataset as it is.
std::vector<std::string> open_splits(Session& session, const DatasetHandle& dataset);
// Pushes data:<name> when there is such an operation.
bool push_dataset_method(lua_State* L, const std::string& name);
std::vector<std::string> dataset_methods();

}  // namespace kd::core
