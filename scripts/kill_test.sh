#!/usr/bin/env bash
# Kills a run of the full recipe at random moments (20, or as many as the first argument says), resumes it
# each time, and compares its weights with those of a run that was never killed.
set -euo pipefail
cd "$(dirname "$0")/.."
ZOO_TEST_KILLS="${1:-20}" cargo test --release --workspace --test kill -- --nocapture
