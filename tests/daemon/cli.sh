#!/bin/sh
# SPDX-License-Identifier: MIT
# `lxa daemon` as a user meets it: wrong usage, sockets in use and left behind, signals, and networks run by several
# processes at the same time.    environment: B build folder
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
lxa=$B/lxa
dir=$(mktemp -d) || exit 1
pid=
trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT
bad=0
n=0

ok() { n=$((n + 1)); echo "ok $n $1"; }
not_ok() { n=$((n + 1)); bad=1; echo "not ok $n $1"; cat "$dir/out" "$dir/err"; }
# check EXPECTED-EXIT-CODE WORD-ON-STDERR NAME COMMAND...
check() {
	want=$1 word=$2 name=$3
	shift 3
	timeout 60 "$@" > "$dir/out" 2> "$dir/err"
	rc=$?
	if [ $rc = "$want" ] && { [ -z "$word" ] || grep -q -- "$word" "$dir/err"; }; then ok "$name"; else not_ok "$name (exit code $rc)"; fi
}
start() {
	rm -f "$dir/said"            # of the daemon before
	"$lxa" daemon --socket "$dir/s" --engine model "$@" > "$dir/said" 2> "$dir/log" &
	pid=$!
	for i in $(seq 200); do [ -s "$dir/said" ] && return; sleep 0.05; done
	not_ok "the daemon starts"
}

check 2 'socket PATH' 'no socket' "$lxa" daemon
check 2 'engine' 'no such engine' "$lxa" daemon --socket "$dir/s" --engine fast
check 2 'exclude' 'engine and device' "$lxa" daemon --socket "$dir/s" --engine rtl --device sim:rtl
check 2 'clients' 'clients' "$lxa" daemon --socket "$dir/s" --clients 0
check 2 'memory' 'memory' "$lxa" daemon --socket "$dir/s" --memory -1
check 2 'mode' 'mode' "$lxa" daemon --socket "$dir/s" --mode 999
check 2 'unexpected' 'an argument' "$lxa" daemon --socket "$dir/s" here
check 1 'sim:' 'no simulated device' "$lxa" daemon --socket "$dir/s" --device /dev/lxa0
check 1 'nonsense' 'device options' "$lxa" daemon --socket "$dir/s" --device sim:model,nonsense=1
check 1 '/nonexistent' 'no such folder' "$lxa" daemon --socket /nonexistent/s --engine model
check 0 '' 'help' "$lxa" daemon --help

start
check 1 'running daemon' 'a socket in use' "$lxa" daemon --socket "$dir/s" --engine model
kill -KILL $pid
wait $pid 2>/dev/null
[ -S "$dir/s" ] && ok 'a killed daemon leaves its socket' || not_ok 'a killed daemon leaves its socket'
check 1 'no daemon is running' 'nobody there' "$lxa" info --device "unix:$dir/s"
start
check 0 '' 'a stale socket is replaced' "$lxa" info --device "unix:$dir/s"
grep -q "unix:$dir/s: LXA, engine model" "$dir/out" && ok 'info names the device' || not_ok 'info names the device'
for i in 1 2 3; do
	"$lxa" run userspace/models/digits-lxa.onnx --data "$B/data" --limit 60 --jobs 2 --device "unix:$dir/s" \
		--json "$dir/json$i" > "$dir/run$i" 2>&1 &
	eval "run$i=$!"
done
for i in 1 2 3; do
	eval "wait \$run$i" && grep -q '"correct": 60' "$dir/json$i" && grep -q '"bit_exact": true' "$dir/json$i" &&
		ok "process $i of 3: every image right, every bit equal" || { not_ok "process $i of 3"; cat "$dir/run$i"; }
done
kill -INT $pid
wait $pid && [ ! -e "$dir/s" ] && ok 'SIGINT ends it well' || { not_ok 'SIGINT ends it well'; cat "$dir/log"; }
exit $bad
