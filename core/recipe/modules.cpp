#include "core/recipe/modules.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/recipe/kd_module.h"
#include "core/recipe/sandbox.h"
#include "core/recipe/session.h"
#include "kd/error.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

const char kLoadedKey = 0;
const char kLoading = 0;  // marks a module whose file is being evaluated

// "arms.common" is the file arms/common.lua. Names cannot leave their folder.
fs::path relative_file(const std::string& name) {
  std::string path;
  for (const char c : name) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
    if (!plain && c != '.') {
      throw Error(ErrorCode::kUsage, cat("'", name, "' is no module name"),
                  "letters, digits, _ and -, with dots between folders");
    }
    path += c == '.' ? '/' : c;
  }
  return fs::path(path + ".lua");
}

bool is_inside(const fs::path& file, const fs::path& folder) {
  const auto mismatch = std::mismatch(folder.begin(), folder.end(), file.begin(), file.end());
  return mismatch.first == folder.end();
}

std::vector<fs::path> search_folders(const Session& session) {
  std::vector<fs::path> out{session.folder()};
  if (session.options().library.empty()) out.push_back(session.folder() / "lib");
  for (const auto& folder : session.options().library) out.push_back(folder);
  return out;
}

// Module names a search folder offers, for "did you mean".
void add_modules(const fs::path& folder, std::vector<std::string>& names) {
  std::error_code failed;
  for (const auto& entry : fs::directory_iterator(folder, failed)) {
    if (entry.path().extension() == ".lua") names.push_back(entry.path().stem().string());
  }
}

[[noreturn]] void not_found(const Session& session, const std::string& name) {
  std::vector<std::string> names{"kd.v1"};
  std::vector<std::string> folders;
  for (const auto& folder : search_folders(session)) {
    add_modules(folder, names);
    folders.push_back(session.shown_path(folder));
  }
  const std::string near = closest(name, names);
  throw Error(
      ErrorCode::kUsage, cat("there is no module '", name, "'"),
      cat(near.empty() ? "" : cat("did you mean '", near, "'? "), "looked in ", join(folders)));
}

fs::path find_module(const Session& session, const std::string& name) {
  const fs::path relative = relative_file(name);
  for (const auto& folder : search_folders(session)) {
    std::error_code failed;
    const fs::path root = fs::canonical(folder, failed);
    const fs::path file = failed ? fs::path() : fs::canonical(root / relative, failed);
    if (failed) continue;
    if (is_inside(file, root) && fs::is_regular_file(file)) return file;
    throw Error(ErrorCode::kUsage,
                cat("module '", name, "' lies outside ", session.shown_path(root)));
  }
  not_found(session, name);
}

// Evaluates the file; leaves its value on the stack.
void load_module(lua_State* L, Session& session, const fs::path& file) {
  std::string text;
  const std::string name = session.add_source(file, text);
  session.lua().load_text(text, name);
  set_sandbox(L);
  lua_call(L, 0, 1);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_pushboolean(L, 1);
}

void push_loaded_table(lua_State* L) {
  if (lua_rawgetp(L, LUA_REGISTRYINDEX, &kLoadedKey) == LUA_TTABLE) return;
  lua_pop(L, 1);
  lua_createtable(L, 0, 4);
  lua_pushvalue(L, -1);
  lua_rawsetp(L, LUA_REGISTRYINDEX, &kLoadedKey);
}

}  // namespace

int require_module(lua_State* L) {
  const std::string name = luaL_checkstring(L, 1);
  Session& session = Session::of(L);
  if (name == "kd.v1") {
    push_kd_module(L);
    return 1;
  }
  if (name == "kd" || name.rfind("kd.v", 0) == 0) {
    throw Error(ErrorCode::kUsage, cat("there is no '", name, "'"),
                "this host speaks version 1: local kd = require \"kd.v1\"");
  }
  const fs::path file = find_module(session, name);
  push_loaded_table(L);
  const int loaded = lua_gettop(L);
  if (lua_getfield(L, loaded, file.c_str()) == LUA_TLIGHTUSERDATA) {
    throw Error(ErrorCode::kUsage,
                cat("module '", name, "' requires itself, through other modules"));
  }
  if (!lua_isnil(L, -1)) return 1;
  lua_pushlightuserdata(L, const_cast<char*>(&kLoading));
  lua_setfield(L, loaded, file.c_str());
  load_module(L, session, file);
  lua_pushvalue(L, -1);
  lua_setfield(L, loaded, file.c_str());
  return 1;
}

}  // namespace kd::core
