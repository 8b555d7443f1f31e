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
expect 2 "up to 3 numbers" "$lxa" run $model --data x --mean 1,2,3,4
expect 2 "up to 3 numbers" "$lxa" run $model --data x --mean 1,
expect 2 "0 divides nothing" "$lxa" run $model --data x --std 0
expect 1 "its images have 1 channels" "$lxa" run $model --data "$data" --std 1,1,1
expect 0 "methods:" "$lxa" quantize --help
expect 2 "usage: lxa quantize" "$lxa" quantize $model
expect 2 "2 or sqrt2" "$lxa" quantize --method log $model --calib x -o y --act-base 3
expect 2 "float, linear or log" "$lxa" quantize --method log $model --calib x -o y --shortcut some
expect 1 "magic: no such method" "$lxa" quantize --method magic $model --calib "$data" -o "$tmp/q.onnx"
expect 1 "weights of 9 bits" "$lxa" quantize --method log $model --calib "$data" -o "$tmp/q.onnx" --weight-bits 9
expect 1 "quantized already" "$lxa" quantize --method log $model --calib "$data" -o "$tmp/q.onnx"
test ! -e "$tmp/q.onnx"
check "nothing is written then" $?
expect 2 "--jobs 0" "$lxa" run $model --data x --jobs 0
expect 2 "--threads 0" "$lxa" run $model --data x --threads 0
expect 2 "records one device" "$lxa" run $model --data x --jobs 2 --trace x.log
expect 0 "exit codes" "$lxa" --help
expect 0 "lxa $(sed -n 's/^LXA_VERSION := //p' userspace/rules.mk), driver interface" "$lxa" --version
expect 0 "vhost-user" "$lxa" sim --help
expect 2 "--serve SOCKET is wanted" "$lxa" sim
expect 2 "rtl or model" "$lxa" sim --serve "$tmp/sock" --engine cpu
expect 1 "/nosuch/sock" "$lxa" sim --serve /nosuch/sock --engine model
expect 1 "nosuch.dtb" "$lxa" sim --serve "$tmp/sock" --dtb nosuch.dtb
expect 124 "engine model) on vhost-user socket $tmp/sock" timeout -s INT 1 "$lxa" sim --serve "$tmp/sock" --engine model
[ ! -e "$tmp/sock" ]
check "the socket goes with the server" $?
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

# where the time goes: a trace and a table; two workers are two tracks (tests/unit/profile_test.c reads a trace whole)
expect 0 "seconds of layer" "$lxa" run $model --data "$data" --engine model --limit 20 --batch 10 --jobs 2 --profile "$tmp/time.json" --json "$tmp/run.json"
[ "$(grep -c '"name":"batch"' "$tmp/time.json")" = 2 ] && grep -q '"name":"worker 1"' "$tmp/time.json" && grep -q '"name":"conv2","cat":"device"' "$tmp/time.json"
check "the trace has both workers' batches, and jobs by their layers' names" $?
[ "$(grep -c '"driver_s"' "$tmp/run.json")" = "$(grep -c '"seconds"' "$tmp/run.json")" ] && grep -q '"driver_s": 0\.0*[1-9]' "$tmp/run.json"
check "the layers' times are in the JSON" $?
expect 1 "/nosuch/time.json" "$lxa" run $model --data "$data" --engine cpu --limit 1 --profile /nosuch/time.json
expect 1 "/dev/full" "$lxa" run $model --data "$data" --engine cpu --limit 1 --profile /dev/full

# several devices: the same results for the same images, everything counted once; one job's error is the run's
figure() { grep -F "$1" "$2" | head -1; }
for engine in rtl model cpu; do
	expect 0 "images            21" "$lxa" run $model --data "$data" --engine $engine --limit 21 --batch 4 --jobs 1 --json "$tmp/one.json"
	expect 0 "images            21" "$lxa" run $model --data "$data" --engine $engine --limit 21 --batch 4 --jobs 3 --json "$tmp/three.json"
	rc=0
	for key in '"images": ' '"correct": ' '"compared": ' '"mismatches": ' '"bit_exact": ' '"device_macs": '; do
		[ "$(grep -F "$key" "$tmp/one.json")" = "$(grep -F "$key" "$tmp/three.json")" ] || rc=1
	done
	figure '"jobs": 3' "$tmp/three.json" >/dev/null || rc=1
	check "--jobs 3 counts on $engine what one job counts" $rc
done
cycles() { sed -n 's/^  "cycles": \([0-9]*\),$/\1/p' "$1"; }
layers() { sed -n 's/^      "cycles": \([0-9]*\),$/\1/p' "$1" | awk '{ s += $1 } END { print s }'; }
"$lxa" run $model --data "$data" --engine rtl --limit 8 --batch 4 --jobs 2 --json "$tmp/two.json" >/dev/null 2>&1
[ "$(cycles "$tmp/two.json")" -gt 0 ] && [ "$(cycles "$tmp/two.json")" = "$(layers "$tmp/two.json")" ]
check "cycles of two devices are those of their layers" $?
expect 0 "images            1" "$lxa" run $model --input "$tmp/ones.npy" --output "$tmp/jobs.npy" --engine model --jobs 4
cmp "$tmp/cpu.npy" "$tmp/jobs.npy"
check "one image on four jobs" $?
many() { # images of ones, zeros, ones, zeros, ones as one file
	printf '\223NUMPY\001\000\166\000'
	printf '%-117s\n' "{'descr': '<f4', 'fortran_order': False, 'shape': (5, 1, 8, 8), }"
	for i in ones zeros ones zeros ones; do tail -c 256 "$tmp/$i.npy"; done
}
many >"$tmp/many.npy"
for j in 1 2 5; do
	expect 0 "images            5" "$lxa" run $model --input "$tmp/many.npy" --output "$tmp/many$j.npy" --engine model --jobs $j
done
cmp "$tmp/many1.npy" "$tmp/many2.npy" && cmp "$tmp/many1.npy" "$tmp/many5.npy"
check "outputs are in the images' order" $?
# a full disk is no success
"$lxa" plan $model >/dev/full 2>"$tmp/log"
[ $? = 1 ] && grep -q "standard output: No space left" "$tmp/log"
check "plan to a full disk says so" $?
expect 1 "/dev/full: cannot be written" "$lxa" plan $model --json /dev/full
expect 1 "/dev/full: cannot be written" "$lxa" plan $model --html /dev/full
expect 1 "no/such/dir" "$lxa" plan $model --dot no/such/dir/x.dot
expect 0 "reads in flight" "$lxa" plan $model --engine cpu --dot "$tmp/x.dot" --html "$tmp/x.html"
grep -q '^digraph' "$tmp/x.dot" && grep -q '</html>' "$tmp/x.html"
check "plan draws" $?
# a hang leaves a coredump, which a person can read
mkdir "$tmp/core"
LXA_COREDUMP=$tmp/core expect 1 "the device hung" "$lxa" run $model --data "$data" --device sim:rtl,hard_cap_ms=1 --batch 64
core=$(ls "$tmp"/core/*.core | head -1)
expect 0 "a job ran for" "$lxa" coredump "$core"
expect 0 "descriptor of seq " "$lxa" coredump "$core"
head -c 1000 "$core" >"$tmp/cut.core"
expect 1 "cut.core: the file has 1000 bytes" "$lxa" coredump "$tmp/cut.core"
expect 1 "nosuch.core: No such file" "$lxa" coredump nosuch.core
expect 1 "not a coredump" "$lxa" coredump $model
expect 2 "lxa coredump FILE" "$lxa" coredump
expect 1 "the device hung" "$lxa" run $model --data "$data" --device sim:rtl,hard_cap_ms=1 --batch 64 --jobs 2
grep -q "lxa: images [0-9]* to [0-9]*: " "$tmp/log"
check "a worker's error says which images were its" $?

for jobs in 1 2; do
	"$lxa" run $model --data "$data" --engine rtl --batch 1 --jobs $jobs >"$tmp/log" 2>&1 &
	pid=$!
	sleep 0.3
	kill -INT $pid 2>/dev/null
	wait $pid
	rc=$?
	# a machine that finishes in 0.3 s has nothing left to stop
	[ $rc = 130 ] && grep -q '(stopped)' "$tmp/log" || [ $rc = 0 ]
	check "Ctrl-C stops the run on $jobs devices and reports what was done (exit $rc)" $?
done

echo "1..$n"
exit $bad
