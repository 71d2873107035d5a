#!/usr/bin/env bash
# Checks the backends of a machine with a GPU: which devices they find, whether they agree with the
# CPU, how fast they are, and what accuracy the Fashion-MNIST recipes reach on them.
#
#   scripts/gpu_check.sh FASHION-MNIST [BACKEND...]
#
# FASHION-MNIST is the folder with the data set's four files. The backends are cuda and vulkan by
# default; ZOO names a binary that is already built. Results are written to runs/gpu-check.
set -euo pipefail
cd "$(dirname "$0")/.."

[ $# -gt 0 ] || { echo "usage: $0 FASHION-MNIST [BACKEND...]" >&2; exit 2; }
data=$1
shift
backends=("$@")
[ ${#backends[@]} -gt 0 ] || backends=(cuda vulkan)

if [ -z "${ZOO:-}" ]; then
    features=$(IFS=,; echo "${backends[*]}")
    cargo build --release --features "$features"
    ZOO=target/release/zoo
fi
out=runs/gpu-check
mkdir -p "$out"
failed=0
check() { echo "== $*"; "$@" || { echo "FAILED: $*"; failed=1; }; }

check "$ZOO" backends
for backend in "${backends[@]}"; do
    for batch in 16 128; do
        check "$ZOO" parity --backend "flex,$backend" --batch "$batch"
    done
    check "$ZOO" bench cnn-32 --backend "$backend" --batch 2048
    check "$ZOO" bench vit-192x6-32 --backend "$backend" --batch 512
    check "$ZOO" bench alexnet-224 --backend "$backend" --batch 256
    check "$ZOO" bench resnet-50-224 --backend "$backend" --batch 128
    check "$ZOO" bench vit-tiny-16-224 --backend "$backend" --batch 256
    for model in cnn alexnet vit; do
        check "$ZOO" train "configs/$model-fashion-mnist.json" --backend "$backend" --force \
            --run-dir "$out/$model-$backend" --set "data.fashion-mnist.root=$data"
    done
done
exit "$failed"
