#include "core/recipe/session.h"

#include <unistd.h>

#include <cstdio>
#include <utility>

#include "core/recipe/arguments.h"
#include "core/recipe/kd_module.h"
#include "core/recipe/sandbox.h"
#include "kd/error.h"
#include "kd/safetensors.h"

namespace kd::core {
namespace {

namespace fs = std::filesystem;

constexpr size_t kLongestName = 50;  // Lua shortens longer chunk names in its messages
constexpr int kHookInstructions = 10'000;

std::string timeout_text(std::chrono::milliseconds timeout) {
  return cat("planning took longer than ", static_cast<double>(timeout.count()) / 1000.0, " s");
}

constexpr const char* kTimeoutHint =
    "the plan pass only describes; is there an endless loop, or a slow pattern?";

// Every line of a plan pass: remembers the place and ends the pass when its time is over.
void plan_hook(lua_State* L, lua_Debug* frame) {
  Session& session = Session::of(L);
  lua_getinfo(L, "Sl", frame);
  if (frame->currentline > 0 && frame->source[0] == '@') {
    session.note_place(frame->source + 1, frame->currentline);
  }
  if (!session.watchdog().expired()) return;
  {
    const Error error(ErrorCode::kUsage, timeout_text(session.options().plan_timeout), kTimeoutHint,
                      call_site(L).where.str());
    push_exception(L, FinalError(std::make_exception_ptr(error)));
  }
  lua_error(L);
}

// Splits "recipe.lua:12: text" where the file is one of ours.
Problem problem_of(const Error& error, const Session& session) {
  Problem problem = Problem::from_error(error, {}, "");
  const std::string& text = problem.message;
  for (size_t colon = text.find(':'); colon != std::string::npos;
       colon = text.find(':', colon + 1)) {
    if (!session.source(text.substr(0, colon))) continue;
    char* end = nullptr;
    const long line = std::strtol(text.c_str() + colon + 1, &end, 10);
    if (line <= 0 || *end != ':') continue;
    problem.where = {text.substr(0, colon), static_cast<int>(line)};
    const std::string rest = end + 1;
    problem.message = rest.substr(std::min(rest.find_first_not_of(' '), rest.size()));
    break;
  }
  return problem;
}

}  // namespace

std::string display_name(const fs::path& file) {
  std::string given = file.lexically_normal().string();
  if (given.size() <= kLongestName) return given;
  std::error_code failed;
  const std::string relative = fs::relative(file, failed).string();
  if (!failed && !relative.empty() && relative.size() <= kLongestName) return relative;
  return file.filename().string();
}

Session::Session(const RecipeOptions& options, ComponentCatalog& catalog, StageHost& host,
                 Pass pass)
    : options_(options),
      folder_(fs::weakly_canonical(options.path).parent_path()),
      catalog_(catalog),
      host_(host),
      pass_(pass),
      lua_(options.memory_limit, this) {}

std::shared_ptr<Session> Session::open(const RecipeOptions& options, ComponentCatalog& catalog,
                                       StageHost& host, Pass pass) {
  std::shared_ptr<Session> session(new Session(options, catalog, host, pass));
  open_sandbox(*session);
  open_kd_module(*session);
  return session;
}

std::string Session::shown_path(const fs::path& path) const {
  const fs::path below = fs::weakly_canonical(path).lexically_relative(folder_);
  const bool inside = !below.empty() && *below.begin() != "..";
  return display_name(inside ? options_.path.parent_path() / below : path);
}

std::string Session::add_source(const fs::path& file, std::string& text) {
  text = read_text_file(file);
  const std::string name = shown_path(file);
  sources_.emplace(name, SourceText(text));
  return name;
}

const SourceText* Session::source(const std::string& name) const {
  const auto it = sources_.find(name);
  return it == sources_.end() ? nullptr : &it->second;
}

void Session::note_place(const char* file, int line) {
  const auto it = sources_.find(file);
  if (it != sources_.end()) watchdog_.note(it->first.c_str(), line);
}

void Session::report(Problem problem) {
  if (planning()) {
    problems.add(std::move(problem));
    return;
  }
  throw FinalError(std::make_exception_ptr(problem.to_error()));
}

SourceLocation Session::key_place(const CallSite& site, const std::string& callee,
                                  const std::string& key) const {
  const SourceText* text = source(site.where.file);
  if (!text) return site.where;
  const int line = key.empty() ? 0 : text->key_line(site.where.line, callee, key);
  const int fallback = text->callee_line(site.where.line, callee);
  const bool found = line > 0 || (key.empty() && fallback > 0);
  return {site.where.file, line > 0 ? line : found ? fallback : site.where.line};
}

void Session::run_script() {
  std::string text;
  name_ = add_source(options_.path, text);
  lua_.load_text(text, name_);
  set_sandbox(lua_.get());
  lua_.call(0, 0);
}

void Session::report_stages_without_table() {
  for (const BegunStage& stage : begun) {
    if (stage.called) continue;
    report({stage.where, cat("kd.", stage.type, " \"", stage.name, "\""), "",
            "this stage has no table", cat("kd.", stage.type, " \"", stage.name, "\" { … }")});
  }
}

void Session::evaluate() {
  if (!planning()) {
    run_script();
    report_stages_without_table();
    return;
  }
  if (options_.plan_timeout.count() > 0) {
    lua_sethook(lua_.get(), &plan_hook, LUA_MASKLINE | LUA_MASKCOUNT, kHookInstructions);
    watchdog_.start(options_.plan_timeout, [this] {
      const std::string text =
          cat("kdrun: ", watchdog_.last_seen(), ": ", timeout_text(options_.plan_timeout),
              " inside a library call\n  hint: ", kTimeoutHint, "\n");
      std::fputs(text.c_str(), stderr);
      std::fflush(stderr);
      _exit(static_cast<int>(ErrorCode::kUsage));
    });
  }
  bool whole = false;
  try {
    run_script();
    whole = true;
  } catch (const PlanEnded&) {
  } catch (const Error& error) {
    problems.add(problem_of(error, *this));
  }
  watchdog_.stop();
  lua_sethook(lua_.get(), nullptr, 0, 0);
  if (!whole) return;
  report_stages_without_table();
  if (!argument_table) refuse_unknown_settings(*this);
}

}  // namespace kd::core
