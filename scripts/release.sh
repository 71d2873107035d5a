#!/usr/bin/env bash
# Builds what is distributed, for machines like this one, into target/dist:
#
#   zoo                          the binary, without symbols
#   zoo-VERSION-TARGET.tar.gz    the binary, its manual pages and shell completions
#   burn_zoo-VERSION-*.whl       a Python wheel that carries the binary; needs maturin
#   burn-zoo_VERSION_ARCH.deb    a Debian package; needs cargo-deb, on Linux only
#   SHA256SUMS                   their hashes
#
#   scripts/release.sh [FLAGS OF cargo build]
#
# Prints sizes, the libraries the binary links to, and how fast it starts. On Linux it needs only the C and
# GCC libraries that every system has. It does not link them statically, because only a dynamically linked
# program can load GPU drivers.
set -euo pipefail
# Everything is built once: nothing to keep.
export CARGO_INCREMENTAL=0
cd "$(dirname "$0")/.."

built="${CARGO_TARGET_DIR:-target}/release"
dist=target/dist
host="$(rustc -vV | sed -n 's/^host: //p')"
exe=""
[[ "$host" != *windows* ]] || exe=.exe
rm -rf "$dist"
mkdir -p "$dist/man" "$dist/completions"

echo "== binary"
# Only the binary is linked anew: a profile that strips would compile every crate again.
cargo rustc --release --locked -p zoo-runner --bin zoo "$@" -- -C strip=symbols
cp "$built/zoo$exe" "$dist/zoo$exe"
zoo="$dist/zoo$exe"
version="$("$zoo" --version | cut -d ' ' -f 2)"

echo "== archive"
"$zoo" man --out "$dist/man"
"$zoo" completions bash >"$dist/completions/zoo.bash"
"$zoo" completions zsh >"$dist/completions/_zoo"
"$zoo" completions fish >"$dist/completions/zoo.fish"
"$zoo" completions elvish >"$dist/completions/zoo.elv"
"$zoo" completions powershell >"$dist/completions/_zoo.ps1"
name="zoo-$version-$host"
mkdir "$dist/$name"
cp -R "$zoo" "$dist/man" "$dist/completions" README.md LICENSE-APACHE LICENSE-MIT "$dist/$name"
tar -C "$dist" -czf "$dist/$name.tar.gz" "$name"
rm -r "${dist:?}/$name"

echo "== wheel"
if command -v maturin >/dev/null; then
    (cd packaging && maturin build --release --out "../$dist" "$@")
else
    echo "not built: install maturin, as with pipx install maturin"
fi

echo "== Debian package"
if [ "$(uname)" != Linux ]; then
    echo "not built: this is not Linux"
elif command -v cargo-deb >/dev/null; then
    cargo deb -p zoo-runner --no-build --no-strip --output "$dist/"
else
    echo "not built: install cargo-deb, with cargo install --locked cargo-deb"
fi

echo "== $("$zoo" --version) for $host"
(
    cd "$dist"
    files=()
    for file in "zoo$exe" *.tar.gz *.whl *.deb; do
        [ ! -f "$file" ] || files+=("$file")
    done
    if command -v sha256sum >/dev/null; then
        sha256sum "${files[@]}"
    else
        shasum -a 256 "${files[@]}"
    fi | tee SHA256SUMS
    for file in "${files[@]}"; do
        echo "$file: $(wc -c <"$file" | awk '{printf "%.1f MB", $1 / 1e6}')"
    done
)
case "$(uname)" in
Linux)
    echo "links to: $(ldd "$zoo" | awk '/=>/ {print $1}' | paste -sd ' ')"
    echo "needs: $(readelf --version-info "$zoo" | grep -o 'GLIBC_[0-9.]*' | sort -uV | tail -n 1)"
    ;;
Darwin) echo "links to: $(otool -L "$zoo" | awk 'NR > 1 {print $1}' | paste -sd ' ' -)" ;;
esac
python3 - "$zoo" <<'PYTHON'
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
