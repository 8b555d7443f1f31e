#!/bin/sh
# SPDX-License-Identifier: MIT
# The lxa command as a person uses it: exit codes, messages, JSON, tensor files, the same bits on every engine, Ctrl-C.
#   environment: B build folder; exit 0 passed, else failed
set -u
cd "$(dirname "$0")/../.."
top=${B:-build}
lxa=$top/lxa
model=userspace/models/digits-lxa.onnx
data=$top/data
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
n=0
bad=0

check() { # what, condition's exit code
	n=$((n + 1))
	if [ "$2" = 0 ]; then echo "ok $n - $1"; else
		echo "not ok $n - $1"
		bad=1
	fi
}

expect() { # exit code, text that stderr or stdout has to hold, command...
	want=$1
	text=$2
	shift 2
	"$@" >"$tmp/log" 2>&1
	rc=$?
	if [ $rc = "$want" ] && grep -qF -- "$text" "$tmp/log"; then rc=0; else
		sed 's/^/# /' "$tmp/log"
		echo "# exit $rc, wanted $want and: $text"
		rc=1
	fi
	check "$(basename "$1") $(echo "$*" | cut -d' ' -f2-) -> $want" $rc
}

# one float image of zeros and one of ones, as .npy
npy() { # file, byte of 0 or 1
	header="{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 8, 8), }"
	{
		printf '\223NUMPY\001\000\166\000'
		printf '%-117s\n' "$header"
		i=0
		while [ $i -lt 64 ]; do
			if [ "$2" = 1 ]; then printf '\000\000\200\077'; else printf '\000\000\000\000'; fi
			i=$((i + 1))
		done
	} >"$1"
}

expect 2 "usage: lxa" "$lxa"
expect 2 "no command" "$lxa" walk
expect 2 "whole number" "$lxa" run $model --data x --limit ten
expect 2 "rtl, model or cpu" "$lxa" run $model --data x --engine gpu
expect 2 "are wanted" "$lxa" run $model
expect 0 "exit codes" "$lxa" --help
expect 1 "nosuch.onnx" "$lxa" run nosuch.onnx --data "$data"
expect 1 "$tmp" "$lxa" run $model --data "$tmp" --engine cpu
head -c 1000 $model >"$tmp/cut.onnx"
expect 1 "cut.onnx" "$lxa" plan "$tmp/cut.onnx"
expect 0 "XNOR lanes" "$lxa" info --engine model
expect 0 "xnor lanes" "$lxa" plan $model --engine model

expect 0 "bit for bit       equal" "$lxa" run $model --data "$data" --engine rtl --limit 20 --json "$tmp/run.json"
for key in '"images": 20' '"correct": ' '"accuracy": ' '"bit_exact": true' '"cycles": ' '"wall_s": ' '"layers": ' \
	'"place": "device"' '"place": "cpu"' '"reason": ' '"macs": ' '"utilization": ' '"op": "Conv"' '"name": "conv1"'; do
	grep -qF -- "$key" "$tmp/run.json"
	check "JSON has $key" $?
done
expect 1 "/nosuch/run.json" "$lxa" run $model --data "$data" --engine cpu --limit 1 --json /nosuch/run.json

npy "$tmp/zeros.npy" 0
npy "$tmp/ones.npy" 1
for engine in cpu model rtl; do
	expect 0 "images            1" "$lxa" run $model --input "$tmp/ones.npy" --output "$tmp/$engine.npy" --engine $engine
	expect 0 "images            1" "$lxa" run $model --input "image=$tmp/ones.npy" --output "logits=$tmp/$engine.pb" --engine $engine
done
cmp "$tmp/cpu.npy" "$tmp/model.npy" && cmp "$tmp/cpu.npy" "$tmp/rtl.npy" && cmp "$tmp/cpu.pb" "$tmp/rtl.pb"
check "cpu, model and rtl write the same bytes" $?
"$lxa" run $model --input "$tmp/zeros.npy" --output "$tmp/zeros_out.npy" --engine cpu >/dev/null
! cmp -s "$tmp/zeros_out.npy" "$tmp/cpu.npy"
check "another image gives another result" $?
head -c 200 "$tmp/ones.npy" >"$tmp/short.npy"
expect 1 "short.npy" "$lxa" run $model --input "$tmp/short.npy" --engine cpu
expect 1 "has 1 input" "$lxa" run $model --input "$tmp/ones.npy" --input "$tmp/ones.npy" --engine cpu
expect 1 "/nosuch/out.npy" "$lxa" run $model --input "$tmp/ones.npy" --output /nosuch/out.npy --engine cpu
expect 0 "images            1" "$lxa" run $model --data "$data" --engine rtl --limit 1 --trace "$tmp/trace.log"
grep -q "RING_TAIL" "$tmp/trace.log"
check "the command log shows the doorbell" $?

"$lxa" run $model --data "$data" --engine rtl --batch 1 >"$tmp/log" 2>&1 &
pid=$!
sleep 0.3
kill -INT $pid 2>/dev/null
wait $pid
rc=$?
# a machine that finishes in 0.3 s has nothing left to stop
[ $rc = 130 ] && grep -q '(stopped)' "$tmp/log" || [ $rc = 0 ]
check "Ctrl-C stops the run and reports what was done (exit $rc)" $?

echo "1..$n"
exit $bad
