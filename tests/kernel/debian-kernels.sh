#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver against each kernel that Debian offers: build it (W=1, sparse: no warning), boot that kernel in QEMU, load it there.
#   debian-kernels.sh [META-PACKAGE...]      default: all linux-headers-*amd64 that the repositories name
# KTAP on stdout. Environment: B build folder. Exit 0 passed, 4 nothing could be done (with the reason), else failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
work=$B/kernel/debian
mkdir -p "$work"
list=$(tests/kernel/get-debian-kernel.sh list) || { echo "$list"; exit 4; }
[ $# = 0 ] || list=$(for m in "$@"; do echo "$list" | grep "^$m " || echo "$m ?"; done)
[ -n "$list" ] || { echo "SKIP: apt knows no linux-headers-amd64 (apt-get update)"; exit 4; }

n=0
failed=0
skipped=0
result() { # exit code, name, log
	n=$((n + 1))
	case $1 in
	0) echo "ok $n $2" ;;
	4) echo "ok $n $2 # SKIP $(tail -n 1 "$3")"; skipped=$((skipped + 1)) ;;
	*) sed 's/^/    /' "$3" | tail -n 40; echo "not ok $n $2"; failed=$((failed + 1)) ;;
	esac
}

echo "KTAP version 1"
while read -r meta release; do
	log=$work/$release.log
	if [ "$release" = '?' ]; then
		echo "there is no package $meta" >"$log"
		result 1 "$meta" "$log"
		continue
	fi
	dir=$(tests/kernel/get-debian-kernel.sh "$release")
	rc=$?
	[ $rc = 0 ] || { echo "$dir" >"$log"; result $rc "$release" "$log"; continue; }
	B=$work/$release KDIR=$dir/headers tests/kernel/module-build.sh >"$log" 2>&1 </dev/null
	rc=$?
	result $rc "$release: builds with W=1 and sparse, no warning" "$log"
	[ $rc = 0 ] || continue
	tests/kernel/smoke.sh "$dir/vmlinuz" "$work/$release/tests/module-build/module/lxa.ko" "$work/$release" >"$log" 2>&1 </dev/null
	result $? "$release: boots in QEMU, loads and unloads the module" "$log"
done <<END
$list
END
echo "1..$n"
echo "# $((n - failed - skipped)) passed, $failed failed, $skipped skipped"
[ $failed = 0 ] || exit 1
[ $skipped -lt $n ] || { echo "SKIP: none of Debian's kernels could be had"; exit 4; }
