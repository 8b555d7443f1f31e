#!/bin/sh
# SPDX-License-Identifier: MIT
# Both example programs do what they say: the layer of bare ioctls gives 22 on a simulated device, the classifier finds
# nearly all digits on every engine and the device's bits equal the CPU's.
set -u
B=@B@
fails=0

check() { # name, words expected in the output, command
	name=$1 words=$2
	shift 2
	if out=$("$@" 2>&1) && printf '%s' "$out" | grep -q "$words"; then
		echo "ok - $name: $out"
	else
		echo "not ok - $name: $out"
		fails=$((fails + 1))
	fi
}

images=$(mktemp)
trap 'rm -f "$images"' EXIT
zcat @DIGITS@ | awk 'NR % 5 == 0' | head -n 40 >"$images"
[ "$(wc -l <"$images")" = 40 ] || { echo "not ok - no digits"; exit 1; }

check "raw ioctls, preloaded" "5.5 x 4 = 22, 16 MACs" env ASAN_OPTIONS=verify_asan_link_order=0 \
	LD_PRELOAD=$B/liblxa-preload.so $B/userspace/examples/raw_ioctl
for device in cpu sim:model sim:rtl; do
	check "classify on $device" "^\(3[6-9]\|40\) of 40 right,.* 0 of" \
		$B/userspace/examples/classify userspace/models/digits-lxa.onnx $device "$images"
done
"$B/userspace/examples/classify" /nonexistent.onnx cpu "$images" 2>&1 | grep -q nonexistent.onnx ||
	{ echo "not ok - a missing model is not named"; fails=$((fails + 1)); }
[ "$fails" = 0 ]
