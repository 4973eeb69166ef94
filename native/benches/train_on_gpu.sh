#!/bin/sh
# Samples a second of training on one GPU: `cliprobe train --device cuda` and open_clip's step on the
# same card, alternated, for Tableau's model and for a ViT-B/32. One JSON line each in OUT/steps.jsonl.
# usage: train_on_gpu.sh OUT      (PYTHON: one that has torch and open_clip; without, ours alone.
# CLIPROBE: a program with the feature cuda; without, it is built)
set -eu
out=$1
here=$(cd "$(dirname "$0")" && pwd)
top=$here/../..
mkdir -p "$out"
if [ -z "${CLIPROBE:-}" ]; then
    (cd "$top" && cargo build --release -p cliprobe-cli --features cuda)
    CLIPROBE=$top/target/release/cliprobe
fi

# The median of the steps after the first fifth, as train_torch.py takes it.
median='
import json, sys
rates = [entry["samples_per_s"] for entry in map(json.loads, open(sys.argv[1])) if "samples_per_s" in entry]
settled = sorted(rates[len(rates) // 5:])
print(json.dumps({"cliprobe": sys.argv[2], "pairs": int(sys.argv[3]),
                  "samples_per_s": {"median": round(settled[len(settled) // 2], 1), "best": round(settled[-1], 1)}}))'

measure() { # recipe, pairs
    name=$(basename "$1" .toml)
    for round in 1 2; do
        run=$out/$name-$2-$round
        rm -rf "$run"
        sed -e "s/^pairs = .*/pairs = $2/" -e "/^chunk = /d; /^precision = /d" \
            -e "s/^\[batch\]/[batch]\nchunk = $2\nprecision = \"bf16\"/" "$1" > "$out/$name-$2.toml"
        "$CLIPROBE" train "$out/$name-$2.toml" --device cuda --out "$run" --steps 30
        "${PYTHON:-python3}" -c "$median" "$run/log.jsonl" "$name" "$2" >> "$out/steps.jsonl"
        if [ -n "${PYTHON:-}" ]; then
            "$PYTHON" "$here/train_torch.py" "$1" --pairs "$2" --device cuda --precision bf16 --steps 30 \
                >> "$out/steps.jsonl"
        fi
    done
}

for pairs in 128 1024; do
    measure "$top/models/experiment/contrastive.toml" "$pairs"
done
for pairs in 256 512 1024; do
    measure "$here/train_b32.toml" "$pairs"
done
cat "$out/steps.jsonl"
