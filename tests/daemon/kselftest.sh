#!/bin/sh
# SPDX-License-Identifier: MIT
# The UAPI tests and those of recovery from faults, unchanged, against a daemon: each open("/dev/lxa0") of theirs is one of
# its clients.
#   kselftest.sh ENGINE PROGRAM...      environment: B build folder, KSELFTEST_INC
# Exit: 0 passed, 4 skipped (the programs were not built), else failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
engine=$1
shift
for p in "$@"; do
	[ -x "$p" ] && continue
	tail -n 1 "${KSELFTEST_INC:-$B/kselftest-include}/why" 2>/dev/null || echo "SKIP: $p was not built"
	exit 4
done
dir=$(mktemp -d) || exit 1
LXA_SHIM_STRICT=1 "$B/lxa" daemon --socket "$dir/lxa" --engine "$engine" --control >"$dir/out" 2>"$dir/err" &
pid=$!
trap 'kill $pid 2>/dev/null; wait $pid 2>/dev/null; rm -rf "$dir"' EXIT
for i in $(seq 200); do
	[ -s "$dir/out" ] && break
	kill -0 $pid 2>/dev/null || break
	sleep 0.05
done
bad=0
for p in "$@"; do
	LXA_DEVICE=unix:$dir/lxa LD_PRELOAD="$PWD/$B/liblxa-preload.so" timeout 120 "$p" || bad=1
done
# Nothing may be left, once the last jobs have ended.
empty='clients 0, calls 0, buffers 2,'
for i in $(seq 200); do
	kill -USR1 $pid && sleep 0.05
	tail -n 1 "$dir/err" | grep -q "$empty" && break
done
kill $pid
wait $pid || { echo "the daemon's exit code is $?"; bad=1; }
tail -n 1 "$dir/err"
tail -n 1 "$dir/err" | grep -q "$empty" || { echo "the daemon still holds something"; bad=1; }
[ ! -e "$dir/lxa" ] || { echo "the daemon left its socket"; bad=1; }
exit $bad
