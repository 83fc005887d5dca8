// One evaluation of a recipe: what its callbacks share.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/recipe/lua_state.h"
#include "core/recipe/objects.h"
#include "core/recipe/run.h"
#include "core/recipe/source_text.h"
#include "core/recipe/watchdog.h"

namespace kd::core {

// Thrown inside FinalError when the plan pass has learnt all it can, or all that is asked for.
struct PlanEnded : std::exception {};

class Session : public std::enable_shared_from_this<Session> {
 public:
  // Opens the interpreter with its sandbox and the kd module.
  static std::shared_ptr<Session> open(const RecipeOptions& options, ComponentCatalog& catalog,
                                       StageHost& host, Pass pass);
  static Session& of(lua_State* L) { return *static_cast<Session*>(LuaState::owner_of(L)); }

  // Evaluates the recipe's file. In the plan pass all errors end up in `problems`.
  void evaluate();

  bool planning() const { return pass_ == Pass::kPlan; }
  Pass pass() const { return pass_; }
  const RecipeOptions& options() const { return options_; }
  const std::string& name() const { return name_; }                // of the recipe, in messages
  const std::filesystem::path& folder() const { return folder_; }  // the recipe's, canonical
  ComponentCatalog& catalog() const { return catalog_; }
  StageHost& host() const { return host_; }
  LuaState& lua() { return lua_; }
  Watchdog& watchdog() { return watchdog_; }
  bool on_own_thread() const { return std::this_thread::get_id() == thread_; }

  // Plan pass: takes the problem down and returns. Run pass: throws it, not catchable by the
  // script.
  void report(Problem problem);
  // The place of a key in the table given to `callee` at this call, or of the call itself.
  SourceLocation key_place(const CallSite& site, const std::string& callee,
                           const std::string& key) const;

  // What a file or folder is called in messages: those beside the recipe as the recipe is.
  std::string shown_path(const std::filesystem::path& path) const;
  // Reads a file of the recipe and remembers its text. Returns its name in messages.
  std::string add_source(const std::filesystem::path& file, std::string& text);
  const SourceText* source(const std::string& name) const;
  void note_place(const char* file, int line);  // for the watchdog

  ProblemList problems;
  std::vector<RecipeArgument> arguments;
  std::shared_ptr<const ArgumentTable> argument_table;  // null before kd.args
  SourceLocation argument_place;
  bool stop_at_arguments = false;  // for --help

  struct BegunStage {
    std::string type;
    std::string name;
    SourceLocation where;
    bool called = false;
  };
  std::vector<BegunStage> begun;                 // in the order of kd.<type> "name"
  std::map<std::string, SourceLocation> stages;  // by name, those that got their table
  std::vector<PlannedStage> called;
  int running_stages = 0;  // depth of StageHost::call
  SourceLocation known_up_to;

 private:
  Session(const RecipeOptions& options, ComponentCatalog& catalog, StageHost& host, Pass pass);
  void run_script();
  void report_stages_without_table();

  RecipeOptions options_;
  std::string name_;
  std::filesystem::path folder_;
  ComponentCatalog& catalog_;
  StageHost& host_;
  Pass pass_;
  std::thread::id thread_ = std::this_thread::get_id();
  std::map<std::string, SourceText> sources_;
  Watchdog watchdog_;
  LuaState lua_;  // last: its objects go first
};

// How a file is called in messages: as given, unless that is too long for Lua's own messages.
std::string display_name(const std::filesystem::path& file);

}  // namespace kd::core
