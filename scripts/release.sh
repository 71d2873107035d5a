#!/usr/bin/env bash
# Builds the binary for distribution: stripped, with the default features, for machines like this one.
# Prints its path, its size, the libraries it links to, and how fast it starts.
#
#   scripts/release.sh [FLAGS OF cargo build]
#
# On Linux it needs only the C and GCC libraries that every system has. It does not link them statically,
# because only a dynamically linked program can load GPU drivers.
set -euo pipefail
cd "$(dirname "$0")/.."

cargo build --release --locked --bin zoo "$@"
binary=target/dist/zoo
mkdir -p target/dist
strip -o "$binary" target/release/zoo

echo "$binary: $("$binary" --version), $(rustc -vV | sed -n 's/^host: //p')"
echo "size: $(($(wc -c <"$binary") / 1000000)) MB"
case "$(uname)" in
Linux) echo "links to: $(ldd "$binary" | awk '/=>/ {print $1}' | paste -sd ' ')" ;;
Darwin) echo "links to: $(otool -L "$binary" | awk 'NR > 1 {print $1}' | paste -sd ' ' -)" ;;
esac
python3 - "$binary" <<'PYTHON'
import statistics
import subprocess
import sys
import time


def milliseconds():
    started = time.perf_counter()
    subprocess.run([sys.argv[1], "--help"], check=True, stdout=subprocess.DEVNULL)
    return 1e3 * (time.perf_counter() - started)


print(f"start-up: {statistics.median(milliseconds() for _ in range(21)):.1f} ms (zoo --help, median of 21)")
PYTHON
