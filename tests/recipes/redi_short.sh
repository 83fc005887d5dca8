#!/usr/bin/env bash
# recipes/redi.lua on two-digit additions: every stage runs, results are complete, finished stages are reused, and a
# changed argument re-runs its users only.
source "$(dirname "$0")/lib.sh"

short=("$recipes/redi.lua" --run-dir "$scratch/run" --threads 2
       --set level=1 --set lessons=4200 --set problems=300 --set samples=4 --set held_out=200)

expect_code 0 "$kdrun" "${short[@]}"
for arm in teacher sft sft_longer redi dpo simpo; do
  grep -q "\"model\": \"$arm\"" "$scratch/run/results.json" || fail "results.json lacks $arm"
  [[ $arm == teacher || -f $scratch/run/stages/$arm/student/model.safetensors ]] || fail "$arm left no model"
done
[[ $(wc -l <"$scratch/run/metrics.jsonl") -gt 10 ]] || fail "metrics.jsonl is too short"
accuracy() {
  grep -A 12 "\"metric\": \"pass@1\"" "$scratch/run/results.json" | grep -A 4 "\"model\": \"$1\"" |
    sed -n 's/.*"value": \([0-9.]*\).*/\1/p' | head -1
}
awk -v a="$(accuracy teacher)" 'BEGIN { exit !(a > 0.15) }' || fail "the teacher learned nothing: $(accuracy teacher)"

before=$(sha256sum "$scratch/run/stages/sft/student/model.safetensors")
expect_code 0 "$kdrun" "${short[@]}"
expect_lines 9 "done before, reused"

expect_code 0 "$kdrun" "${short[@]}" --set alpha=0.5
expect_lines 7 "done before, reused"  # all but redi and accuracy
[[ $before == "$(sha256sum "$scratch/run/stages/sft/student/model.safetensors")" ]] || fail "sft changed"
echo "teacher $(accuracy teacher), sft $(accuracy sft), redi $(accuracy redi)"
