#!/bin/sh
# SPDX-License-Identifier: MIT
# driver/dkms.conf: DKMS adds the sources that `make dkms` lays out, builds the module and would install it, all in folders of ours.
# Environment: B build folder, KDIR headers. Exit 0 passed, 4 skipped (the last line says why), else failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
command -v dkms >/dev/null || [ -x /usr/sbin/dkms ] || { echo "SKIP: dkms is not installed: ./packages.sh kernel installs it"; exit 4; }
PATH=$PATH:/usr/sbin
kdir=${KDIR:-$(ls -d /usr/src/linux-headers-*-amd64 2>/dev/null | sort -V | tail -n 1)}
[ -n "$kdir" ] && [ -e "$kdir/Makefile" ] || { echo "SKIP: no kernel headers (apt install linux-headers-amd64)"; exit 4; }
release=$(basename "$kdir" | sed 's/^linux-headers-//')
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
fail() { cat "$tmp/log"; find "$tmp/tree" -name make.log -exec cat {} + 2>/dev/null | tail -n 20; echo "FAIL: $*"; exit 1; }

env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory B="$tmp/b" dkms >"$tmp/log" 2>&1 || fail "make dkms"
version=$(sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' driver/dkms.conf)
mkdir "$tmp/tree" "$tmp/src" "$tmp/modules"
cp -r "$tmp/b/dkms/lxa-$version" "$tmp/src/"
# env -u: an outer make's B= would reach the kernel's build.
d() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u B dkms "$@" -m "lxa/$version" --dkmstree "$tmp/tree" --sourcetree "$tmp/src" \
	-k "$release" --kernelsourcedir "$kdir" >"$tmp/log" 2>&1; }
d add || fail "dkms add"
d build || fail "dkms build"
ko=$(find "$tmp/tree" -name 'lxa.ko*' | head -n 1)
[ -n "$ko" ] || fail "DKMS built no lxa.ko"
/sbin/modinfo -F vermagic "$ko" | grep -q "^$release " || fail "the module is not for $release: $(/sbin/modinfo -F vermagic "$ko")"
[ "$(/sbin/modinfo -F version "$ko")" = "$version" ] || fail "MODULE_VERSION and driver/dkms.conf differ"
echo "PASS: dkms built lxa/$version for $release"
