#!/usr/bin/env bash
# Trains configs one after the other, and prints a table of their accuracy, time and memory.
#
#   scripts/measure.sh configs/cnn-sea.json configs/vit-sea.json -- --set seed=1
#
# Arguments after -- are passed to every `zoo train`. Runs are written to runs/measure.
set -euo pipefail
cd "$(dirname "$0")/.."

configs=()
while [ $# -gt 0 ] && [ "$1" != -- ]; do
    configs+=("$1")
    shift
done
[ $# -gt 0 ] && shift
[ ${#configs[@]} -gt 0 ] || { echo "usage: $0 CONFIG... [-- FLAGS OF zoo train]" >&2; exit 2; }

cargo build --release --quiet
echo "| config | test accuracy | seconds | images/s | peak memory |"
echo "| --- | --- | --- | --- | --- |"
for config in "${configs[@]}"; do
    run="runs/measure/$(basename "$config" .json)"
    target/release/zoo train "$config" --run-dir "$run" --force --json "$@" |
        python3 -c '
import json, sys
report = json.load(sys.stdin)
training = report["training"]
print("| {} | {:.2f} % | {:.0f} | {:.0f} | {:.0f} MB |".format(
    sys.argv[1], 100 * report["accuracy"], training["seconds"],
    training["images_per_second"], (training["peak_memory_bytes"] or 0) / 1e6))' "$config"
done
