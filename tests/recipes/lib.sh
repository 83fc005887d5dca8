# Shared by the tests of this folder: a scratch folder, and checks that say what they expected.
set -euo pipefail

kdrun=${1:?usage: TEST path/to/kdrun}
recipes=${KD_SOURCE_DIR:?}/recipes
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
export KD_PLUGIN_PATH=${KD_BUILD_DIR:?}/plugins

fail() {
  echo "FAILED: $*" >&2
  exit 1
}

# expect_code CODE COMMAND...: runs it, output in $scratch/output.
expect_code() {
  local expected=$1 code=0
  shift
  "$@" >"$scratch/output" 2>&1 || code=$?
  [[ $code == "$expected" ]] || { cat "$scratch/output"; fail "exit code $code, not $expected: $*"; }
}

# expect_text TEXT: the last output holds it.
expect_text() {
  grep -qF -- "$1" "$scratch/output" || { cat "$scratch/output"; fail "the output lacks: $1"; }
}

# expect_lines COUNT TEXT: so many lines of the last output hold it.
expect_lines() {
  local count
  count=$(grep -cF -- "$2" "$scratch/output" || true)
  [[ $count == "$1" ]] || { cat "$scratch/output"; fail "$count lines, not $1, hold: $2"; }
}
