# shellcheck shell=bash
# What the scripts in tools/ share. Source it; it defines functions and two folders, and does nothing else.

kd_root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
kd_cache=${KD_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kd}
# shellcheck disable=SC2034  # used by tools/setup and cmake/Torch.cmake's counterpart
kd_torch_version=2.11.0

# Messages go to stderr: stdout belongs to the program that the script ends in.
say() { printf '%s: %s\n' "${0##*/}" "$*" >&2; }
die() {
  say "$@"
  exit 1
}

# How many compilers at once: one a core, but no more than memory carries (a LibTorch unit takes up to 1.5 GB).
kd_jobs() {
  local cores memory
  cores=$(nproc)
  memory=$(awk '/^MemAvailable/ { print int($2 / 1024 / 1536) }' /proc/meminfo)
  ((memory >= 1)) || memory=1
  echo "${KD_JOBS:-$((cores < memory ? cores : memory))}"
}

# with_lock FILE COMMAND...: only one process a lock at a time; says so when it has to wait.
with_lock() {
  local lock=$1
  shift
  mkdir -p "$(dirname "$lock")"
  (
    exec 9>"$lock"
    if ! flock -n 9; then
      say "waiting for another process that holds $lock"
      flock 9
    fi
    "$@" 9>&-
  )
}
