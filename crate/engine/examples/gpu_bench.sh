#!/bin/sh
# Both on one GPU: this crate's engine with f32, f16 and Q8_0 weights, each in every arithmetic that it allows
# (ARITHMETIC=f32 for one alone), then PyTorch in fp32 and fp16.
# usage: gpu_bench.sh HF_DIR OUT_DIR      (PYTHON: one that has torch and transformers; without, ours alone)
set -eu
model=$1
out=$2
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$out"
cd "$here/../../.."
cargo build --release -p cliprobe-engine --example gpu_bench
cargo build --release -p cliprobe-cli
for type in F16 Q8_0; do
    target/release/cliprobe quantize "$model" --type "$type" --out "$out/$type.gguf"
done
for weights in "$model" "$out/F16.gguf" "$out/Q8_0.gguf"; do
    target/release/examples/gpu_bench "$weights" "$out/cliprobe-$(basename "$weights" .gguf).json"
done
if [ -n "${PYTHON:-}" ]; then
    "$PYTHON" "$here/gpu_bench_torch.py" "$model" "$out/torch.json"
fi
