#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver as a kernel module: builds against the installed headers with W=1 and sparse, without one warning.
# Exit 0 passed, 4 skipped (headers or sparse are not installed), 1 failed. Environment: B build folder, KDIR headers.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
out=$B/tests/module-build
log=$out/build.log

skip() {
	echo "SKIP: $1"
	exit 4
}

fail() {
	cat "$log"
	echo "FAIL: $1"
	exit 1
}

command -v sparse >/dev/null || skip "sparse is not installed (apt install sparse)"
kdir=${KDIR:-$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | sort -V | tail -n 1)}
[ -n "$kdir" ] && [ -e "$kdir/Makefile" ] || skip "no kernel headers (apt install linux-headers-amd64)"

rm -rf "$out"
mkdir -p "$out"
: >"$log.start"
# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make B="$out" KDIR="$kdir" SPARSE=1 module >"$log" 2>&1 || fail "the module does not build"
# A message of the kernel's own build about the machine is not about this code.
grep -vE 'compiler differs|You are using:|The kernel was built by:|Skipping BTF|modpost' "$log" >"$out/filtered.log"
grep -nE 'warning|error:' "$out/filtered.log" && fail "the build warns"
modinfo "$out/module/lxa.ko" 2>/dev/null || /sbin/modinfo "$out/module/lxa.ko" || fail "modinfo does not read the module"
for file in $(find Kbuild driver -newer "$log.start" '(' -name '*.o' -o -name '*.ko' -o -name '*.mod*' -o -name '.*.cmd' ')'); do
	fail "the build wrote $file into the source tree"
done
echo "PASS: module-build against $kdir"
