#!/bin/sh
# SPDX-License-Identifier: MIT
# The example programs do what they say, on every device they can run on: the layer of bare ioctls gives 22, the Sobel filter its
# edges, the classifier finds nearly all digits, the asynchronous frames are those of plain C, threads agree; the device's bits
# equal the CPU's.
set -u
B=@B@
bin=$B/userspace/examples
model=userspace/models/digits-lxa.onnx
fails=0 n=0

check() { # name, words expected in the output, command
	name=$1 words=$2 n=$((n + 1))
	shift 2
	if out=$("$@" 2>&1) && printf '%s' "$out" | grep -q "$words"; then
		echo "ok $n - $name: $(printf '%s' "$out" | tail -n 1)"
	else
		echo "not ok $n - $name: $out"
		fails=$((fails + 1))
	fi
}

refuses() { # name, words expected on stderr, command
	name=$1 words=$2 n=$((n + 1))
	shift 2
	if ! out=$("$@" 2>&1) && printf '%s' "$out" | grep -q "$words"; then
		echo "ok $n - $name"
	else
		echo "not ok $n - $name: $out"
		fails=$((fails + 1))
	fi
}

tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
images=$tmp/images
zcat @DIGITS@ | awk 'NR % 5 == 0' | head -n 40 >"$images"
[ "$(wc -l <"$images")" = 40 ] || { echo "not ok - no digits"; exit 1; }
{ # four images of 64 pixels of value 8, as .npy
	printf '\223NUMPY\001\000\166\000'
	printf "%-117s\n" "{'descr': '<f4', 'fortran_order': False, 'shape': (4, 1, 8, 8), }"
	awk 'BEGIN { for (i = 0; i < 256; i++) printf "%c%c%c%c", 0, 0, 0, 65 }'
} >"$tmp/in.npy"

check "raw ioctls, preloaded" "5.5 x 4 = 22, 16 MACs" env ASAN_OPTIONS=verify_asan_link_order=0 \
	LD_PRELOAD=$B/liblxa-preload.so $bin/raw_ioctl
for device in cpu sim:model sim:rtl; do
	check "classify on $device" "^\(3[6-9]\|40\) of 40 right,.* 0 of" $bin/classify $model $device "$images"
	check "threads on $device" "^3 threads, 24 images each, 0 differ" $bin/threads $model $device 3
done
for device in sim:model sim:rtl; do
	check "a Sobel filter on $device" "^ *0 *200 *600 *800 *800 *600 *200 *0$" $bin/layer $device
	check "and the CPU kernel" "the same$" $bin/layer $device
	check "300 frames under way on $device" "^300 frames" $bin/async $device 300
	check "a file through a model on $device" "^4 images" env LXA_DEVICE=$device $bin/run_model $model "$tmp/in.npy" "$tmp/$device.npy"
done
check "the files are the same" same sh -c "cmp $tmp/sim:model.npy $tmp/sim:rtl.npy && echo same"
# by way of a daemon
"$B/lxa" daemon --socket "$tmp/socket" --engine model >"$tmp/daemon.log" 2>&1 &
daemon=$!
for _ in $(seq 300); do
	[ -S "$tmp/socket" ] && break
	sleep 0.1
done
check "300 frames under way in a daemon" "^300 frames" $bin/async "unix:$tmp/socket" 300
check "threads on a daemon's device" "^3 threads, 24 images each, 0 differ" $bin/threads $model "unix:$tmp/socket" 3
check "the daemon's device and the CPU kernel" "the same$" $bin/layer "unix:$tmp/socket"
kill $daemon
wait $daemon
refuses "a missing model is named" nonexistent.onnx $bin/classify /nonexistent.onnx cpu "$images"
refuses "a missing input is named" nonexistent.npy $bin/run_model $model /nonexistent.npy "$tmp/x.npy"
refuses "a missing device is named" sim:nothing $bin/layer sim:nothing
[ "$fails" = 0 ]
