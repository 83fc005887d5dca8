#!/usr/bin/env bash
# What kdrun says and which exit codes it gives.
source "$(dirname "$0")/lib.sh"

expect_code 0 "$kdrun" --help
expect_text "Exit codes"
expect_code 0 "$kdrun" --version
expect_code 2 "$kdrun"
expect_code 2 "$kdrun" no_such_command
expect_code 0 "$kdrun" plugins ls
expect_text "objective.redi"
expect_code 0 "$kdrun" plugins show redi
expect_text "alpha"
expect_code 2 "$kdrun" plugins show reddi
expect_text "did you mean 'redi'?"
expect_code 0 "$kdrun" "$recipes/redi.lua" --help
expect_text "alpha = 0.8"
expect_code 0 "$kdrun" check "$recipes/redi.lua"
expect_text "no problems found, 9 stages"
expect_code 0 "$kdrun" plan "$recipes/redi.lua" --json
expect_text '"name": "redi"'
expect_code 2 "$kdrun" "$recipes/redi.lua" --set alhpa=0.5 --run-dir "$scratch/never"
expect_text "did you mean 'alpha'?"
expect_code 2 "$kdrun" "$scratch/missing.lua" --run-dir "$scratch/never"

sed 's/alpha = args.alpha/aplha = args.alpha/; s/warmup = 0.1 }/warmup = 1.5 }/' "$recipes/redi.lua" >"$scratch/wrong.lua"
expect_code 2 "$kdrun" "$scratch/wrong.lua" --run-dir "$scratch/never"
expect_text "wrong.lua:$(grep -n aplha "$scratch/wrong.lua" | cut -d: -f1): objective.redi: unknown key 'aplha'"
expect_text "did you mean 'alpha'?"
expect_text "warmup"
[[ ! -e $scratch/never ]] || fail "a recipe with mistakes left a run directory"

mkdir "$scratch/foreign" && echo thesis >"$scratch/foreign/text"
expect_code 2 "$kdrun" "$recipes/redi.lua" --run-dir "$scratch/foreign"
expect_text "holds something else"

expect_code 0 "$kdrun" probe objective redi --describe
expect_text "chosen.student.logits"
expect_code 2 "$kdrun" probe objective kl --set direction=sideways --describe
expect_code 2 "$kdrun" probe objective kl
expect_text "needs --in FILE and --out FILE"
head -c 20 /dev/urandom >"$scratch/broken.safetensors"
expect_code 5 "$kdrun" probe objective kl --in "$scratch/broken.safetensors" --out "$scratch/out.safetensors"
expect_text "broken.safetensors"
expect_code 0 "$kdrun" plugins check "$KD_BUILD_DIR/plugins/redi"
expect_code 3 "$kdrun" plugins check "$scratch/broken.safetensors"
