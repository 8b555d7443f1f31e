#!/bin/sh
# SPDX-License-Identifier: MIT
# `make activity`: runs a network on a device that records its operands, makes the netlists and counts. Run from the top.
#   environment: B build folder (build), LXA_DATA folder with MNIST (else the digits), LIMIT images (8); exit 4: skipped
set -eu
if ! command -v yosys > /dev/null; then
	echo "activity: skipped: yosys not installed"
	exit 4
fi
top=${B:-build} limit=${LIMIT:-8}
here=$(pwd)
build() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 "$@"; }
build B="$top" "$top/rtl/activity/activity" "$top/data/digits.csv.gz" >&2
build ACTIVITY=1 B="$top/recorded" "$top/recorded/lxa" >&2
model=digits data=$top/data
for file in "${LXA_DATA:-/nowhere}"/t10k-images* "${LXA_DATA:-/nowhere}"/mnist/t10k-images*; do
	if [ -f "$file" ]; then model=mnist data=$LXA_DATA; fi
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
absolute() { case $1 in /*) echo "$1" ;; *) echo "$here/$1" ;; esac; }
lxa=$(absolute "$top/recorded/lxa") data=$(absolute "$data")
(cd "$dir" && "$lxa" run "$here/userspace/models/$model-lxa.onnx" --data "$data" --limit "$limit" --engine rtl > run.log) ||
	{ cat "$dir/run.log" >&2; exit 1; }
net() { # net NAME TOP [PARAMETER=VALUE]...
	name=$1
	shift
	echo "  netlist $name" >&2
	rtl/area/synth.sh netlist base "$@" > "$dir/$name.blif"
}
net int8 lxa_int8_column
net uint8 lxa_int8_column A_SIGNED=0
net log2 lxa_shift_column ACC_W=32 SQRT2=0 ACT_INT=0 WGT_INT=0
net log2w lxa_shift_column ACC_W=32 SQRT2=0 ACT_INT=0
net log2a lxa_shift_column ACC_W=32 SQRT2=0 WGT_INT=0
net sqrt2 lxa_shift_column ACT_INT=0 WGT_INT=0
net any lxa_shift_column
net xnor lxa_xnor_column
net planes lxa_xnor_column PLANES=1
echo "network $model, $limit images, configuration base, zero-delay gates"
"$top/rtl/activity/activity" "$dir" "$dir"
