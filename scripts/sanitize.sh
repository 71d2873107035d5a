#!/usr/bin/env bash
# Runs the tests of the kernels under AddressSanitizer, once with each set of instructions that this processor
# has. It ends a test at the first access outside of a block of memory, to one that was given back, or to a stack
# frame that has been left.
#
#   scripts/sanitize.sh
#
# Rust brings the sanitizer along; what it needs, all of Burn included, is built in target/sanitize. It does not
# see what the assembly of tiles reads and writes: scripts/amx_check.sh runs that between guard pages.
set -euo pipefail
cd "$(dirname "$0")/.."
# The stable compiler does not offer the sanitizer otherwise.
export RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address
# Pools of threads and kept memory live as long as the program.
export ASAN_OPTIONS=detect_leaks=0:detect_stack_use_after_return=1

run() {
    # With a target, programs that the compiler runs are not built for the sanitizer.
    cargo test --release --target x86_64-unknown-linux-gnu --target-dir target/sanitize \
        -p zoo-kernels --features flex "$@"
}

printf '\n== all instructions\n'
run --lib --tests
# The tests that compare kernels with plain loops are among these and take each set by turns.
for instructions in avx512bf16 avx512 avx2 plain; do
    printf '\n== %s\n' "$instructions"
    ZOO_KERNELS_SIMD="$instructions" run --lib --test kept --test optim --test masks
done
echo 'the sanitizer found nothing'
