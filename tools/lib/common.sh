# shellcheck shell=bash
# What the scripts in tools/ share. Source it; it defines functions and a few variables, and does nothing else.

kd_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
kd_cache=${KD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kd}
# shellcheck disable=SC2034  # for tools/setup; cmake/Torch.cmake and tests/parity/requirements.txt name it too
kd_torch_version=2.11.0

# Messages go to stderr: stdout belongs to the program that the script ends in.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# A script's --help is the comment that it begins with.
kd_usage() { sed -n '2,/^[^#]/ { /^#/ s/^# \{0,1\}//p }' "$0"; }

# How many compilers at once: one a core, but no more than memory carries (a LibTorch unit takes up to 1.5 GB).
kd_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1024 / 1536) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo "${KD_JOBS:-$((cores < memory ? cores : memory))}"
}

# kd_source_files PATTERN...: the files of the repository that match, new ones too; run it in its root, and call
# need_git before, as its own failure would look like there being no files.
need_git() { git rev-parse --git-dir >/dev/null || die "this check needs the files' list from git"; }
kd_source_files() {
  local file
  git ls-files --cached --others --exclude-standard -- "$@" | while IFS= read -r file; do
    [[ ! -f $file ]] || printf '%s\n' "$file" # one that was removed is still listed
  done
}

# with_lock FILE COMMAND...: one process at a time; says so when it has to wait.
with_lock() {
  local lock=$1
  shift
  mkdir -p "$(dirname "$lock")"
  (
    exec 9>"$lock"
    if ! flock -w 1 9; then
      say "waiting for another process that holds $lock"
      flock 9
    fi
    "$@" 9>&-
  )
}

# kd_build PRESET TARGET [NAME=VALUE...]: configure build/PRESET where that was not done with these cache values, then
# build the target. Quiet when there is nothing to do. One build of a preset at a time.
kd_build() {
  with_lock "$kd_root/build/$1.lock" kd_build_locked "$@"
}

kd_build_locked() {
  local preset=$1 target=$2 folder=$kd_root/build/$1 value stale= log
  shift 2
  [[ -e $folder/build.ninja ]] || stale=1
  for value in "$@"; do
    # A cache line is NAME:TYPE=VALUE.
    sed -n 's/^\([A-Za-z_]*\):[A-Z]*=/\1=/p' "$folder/CMakeCache.txt" 2>/dev/null | grep -Fxq -- "$value" || stale=1
  done
  if [[ -n $stale ]]; then
    say "configuring build/$preset"
    log=$(cd "$kd_root" && cmake --preset "$preset" "${@/#/-D}" 2>&1) || {
      printf '%s\n' "$log" >&2
      die "cmake failed"
    }
  fi
  NINJA_STATUS='[%f/%t] ' ninja -C "$folder" -j "$(kd_jobs)" "$target" 2>&1 | kd_progress "$preset" >&2 ||
    die "the build failed"
}

# Ninja's lines, shortened: on a terminal one line that is overwritten, else one line every tenth. What is no progress
# (compilers' messages) passes; that there was nothing to do is not worth a line.
kd_progress() {
  local line done_count total tenth shown=-1 open=
  while IFS= read -r line; do
    if [[ $line =~ ^\[([0-9]+)/([0-9]+)\]\ (.*) ]]; then
      [[ ${BASH_REMATCH[3]} != Re-* ]] || continue # re-checking globs, re-running CMake
      done_count=${BASH_REMATCH[1]} total=${BASH_REMATCH[2]}
      if [[ -t 1 ]]; then
        printf '\r\033[K%.*s' "$((${COLUMNS:-80} - 1))" "building $1 $done_count/$total ${BASH_REMATCH[3]##*/}"
        open=1
      elif tenth=$((done_count * 10 / total)) && ((tenth > shown)); then
        shown=$tenth
        echo "building $1: $done_count of $total"
      fi
    elif [[ $line != "ninja: no work to do." && $line != "ninja: Entering directory "* && $line != "-- "* ]]; then
      [[ -z $open ]] || printf '\r\033[K'
      open=
      printf '%s\n' "$line"
    fi
  done
  [[ -z $open ]] || printf '\r\033[K'
}
