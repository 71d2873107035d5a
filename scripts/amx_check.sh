#!/usr/bin/env bash
# Runs the tests of products in bf16 on an Intel processor with AMX, which Bochs emulates: boots a Debian
# kernel with nothing but the tests. They run as they are; with every block of memory between pages that nobody
# may touch; and where AMX is denied, by the answer to the question for permission and by a kernel that does
# not know it. Fails unless all of them pass by the instructions that they should go by.
#
#   scripts/amx_check.sh [ARGUMENTS OF cargo test...]
#
# Without arguments, cargo builds the tests of the whole workspace, as the README does. Needs Debian 12 or later, root,
# and Rust; fetches the rest. Bochs is built once, in target/amx-check.
set -euo pipefail
cd "$(dirname "$0")/.."
[ "$#" -gt 0 ] || set -- --workspace
scripts="$PWD/scripts"
work="$PWD/target/amx-check"
# Seconds that one boot with its tests may take.
limit="${AMX_CHECK_LIMIT:-3000}"
mkdir -p "$work"

step() { printf '\n== %s\n' "$1"; }

step 'packages'
apt-get update -qq
apt-get install -y -qq --no-install-recommends \
    busybox-static curl g++ isolinux make patch syslinux-common xorriso xz-utils >/dev/null
cd "$work"
# A kernel and ROMs of one release of Debian, whichever this machine has; nothing of it is installed.
release=trixie
rm -rf packages root
mkdir -p apt/etc/apt/apt.conf.d apt/etc/apt/preferences.d apt/var/lib/apt/lists/partial apt/var/lib/dpkg \
    apt/var/cache/apt/archives/partial packages root
: >apt/var/lib/dpkg/status
keys=/usr/share/keyrings/debian-archive-keyring.gpg
echo "deb [signed-by=$keys] http://deb.debian.org/debian $release main" >apt/etc/apt/sources.list
of_release() { "$1" -o Dir="$work/apt" -o Dir::State::status="$work/apt/var/lib/dpkg/status" -o APT::Sandbox::User=root "${@:2}"; }
of_release apt-get update -qq
image="$(of_release apt-cache depends linux-image-cloud-amd64 | sed -n 's/.*Depends: \(linux-image-[0-9].*\)/\1/p')"
(cd packages && of_release apt-get download -qq bochsbios vgabios "$image")
for package in bochsbios vgabios "$image"; do
    dpkg-deb --fsys-tarfile packages/"$package"_*.deb | tar -xC root
done

step 'emulator'
version=3.0
sum=78f6c73d4a6472d5130a87ab9dc306d02c7c71ed8e25b3a8ef642e2a7acd282b
source="bochs_$version+dfsg.orig.tar.xz"
if ! [ -x bochs/bochs ] || ! cmp -s "$scripts/amx_check/bochs.patch" bochs/applied.patch; then
    curl -sSfo "$source" "http://deb.debian.org/debian/pool/main/b/bochs/$source"
    echo "$sum  $source" | sha256sum --check --quiet
    rm -rf bochs
    mkdir bochs
    tar -xf "$source" -C bochs --strip-components=1
    cd bochs
    patch -sp1 <"$scripts/amx_check/bochs.patch"
    ./configure --with-nogui --disable-docbook --enable-x86-64 --enable-avx --enable-evex --enable-amx --enable-cet \
        --enable-uintr --enable-protection-keys --enable-all-optimizations >configure.log 2>&1
    make -j"$(nproc)" >make.log 2>&1 || { tail -20 make.log; exit 1; }
    cp "$scripts/amx_check/bochs.patch" applied.patch
    cd ..
fi

step 'tests'
built="$(cd "$scripts/.." && cargo test --release --no-run "$@" --test agree 2>&1 | tee /dev/stderr)"
tests="$(sed -n 's|.*Executable tests/agree/main.rs (\(.*\))|\1|p' <<<"$built")"
tests="$(realpath "$scripts/../$tests")"

step 'guest'
rm -rf guest iso
mkdir -p guest/{bin,dev,proc,tmp} iso
cp /bin/busybox guest/bin/
cp "$tests" guest/agree
ldd "$tests" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "guest$(dirname "$library")"
    cp -L "$library" "guest$library"
done
cc -O2 -Wall -o guest/deny "$scripts/amx_check/deny.c"
cat >guest/init <<'INIT'
#!/bin/busybox sh
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t devtmpfs dev /dev
# Threads that take turns on the one processor, also while they use tiles.
export RAYON_NUM_THREADS=2
run() {
    echo "case $1"
    shift
    /bin/busybox env "$@" /agree --nocapture --test-threads 1 tiles:: narrow::
    echo "ended with $?"
}
if /bin/busybox grep -q clearcpuid /proc/cmdline; then
    run unknown
    run unknown-vectors ZOO_KERNELS_SIMD=avx512bf16
else
    run permitted
    run guard-after AGREE_GUARD=after
    run guard-before AGREE_GUARD=before
    # EPERM, as a sandbox says it, and EINVAL, as a kernel before 5.16 does.
    run refused /deny 1
    run refused-by-old /deny 22
    run refused-vectors ZOO_KERNELS_SIMD=avx512bf16 /deny 1
fi
echo "all tests have ended"
/bin/busybox sleep 1000000
INIT
chmod +x guest/init
(cd guest && find . | /bin/busybox cpio -o -H newc 2>/dev/null) | gzip -1 >iso/initrd.gz
cp "root/boot/vmlinuz-${image#linux-image-}" iso/vmlinuz
cp /usr/lib/ISOLINUX/isolinux.bin /usr/lib/syslinux/modules/bios/ldlinux.c32 iso/

emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true' EXIT

# Boots with further arguments of the kernel, and returns when the tests have ended; what the guest prints is
# in the file.
boot() {
    local said="$1" arguments="$2"
    # Bochs cannot leave the mode in which firmware would serve ACPI.
    cat >iso/isolinux.cfg <<CONFIG
DEFAULT linux
LABEL linux
 KERNEL /vmlinuz
 INITRD /initrd.gz
 APPEND console=ttyS0 loglevel=4 mitigations=off nokaslr acpi=off noapic nolapic_timer nosmp no5lvl ibt=off $arguments
CONFIG
    xorriso -as mkisofs -quiet -o boot.iso -b isolinux.bin -c boot.cat -no-emul-boot -boot-load-size 4 \
        -boot-info-table iso 2>/dev/null
    cat >bochsrc <<CONFIG
config_interface: textconfig
display_library: nogui
cpu: model=sapphire_rapids, ips=200000000, reset_on_triple_fault=0, ignore_bad_msrs=1
memory: guest=1024, host=1024
romimage: file=root/usr/share/bochs/BIOS-bochs-latest, options=fastboot
vgaromimage: file=root/usr/share/vgabios/vgabios.stdvga.bin
ata0-master: type=cdrom, path=boot.iso, status=inserted
boot: cdrom
log: bochs.log
panic: action=fatal
com1: enabled=1, mode=file, dev=$said
clock: sync=none, time0=1700000000
CONFIG
    rm -f "$said"
    bochs/bochs -q -f bochsrc >bochs.out 2>&1 </dev/null &
    emulator=$!
    local seconds=0
    until grep -q 'all tests have ended\|Kernel panic' "$said" 2>/dev/null; do
        if ! kill -0 "$emulator" 2>/dev/null || [ "$seconds" -ge "$limit" ]; then
            tail -5 bochs.log
            break
        fi
        sleep 1
        seconds=$((seconds + 1))
    done
    kill "$emulator" 2>/dev/null || true
    wait "$emulator" 2>/dev/null || true
}

# That the tests of a case have passed, with these instructions and no others.
check() {
    local said instructions="$3"
    said="$(tr -d '\r' <"$1" | sed -n "/^case $2\$/,/^ended with/p")"
    echo "$said"
    grep -q '^test result: ok. 7 passed; 0 failed' <<<"$said"
    [ "$(grep -o 'products in bf16 by .*' <<<"$said" | sort -u)" = "products in bf16 by $instructions" ]
    # Those of tiles alone are skipped where there are none.
    [ "$(grep -c skipped <<<"$said")" = "$([ "$instructions" = AMX ] && echo 0 || echo 3)" ]
}

step 'AMX'
boot said.txt ''
for case in permitted guard-after guard-before; do check said.txt "$case" AMX; done

step 'AMX denied'
for case in refused refused-by-old; do check said.txt "$case" rounding; done
check said.txt refused-vectors AVX512-BF16

step 'AMX unknown to the kernel'
boot unknown.txt clearcpuid=amx_tile
check unknown.txt unknown rounding
check unknown.txt unknown-vectors AVX512-BF16

echo 'products in bf16 hold on AMX'
