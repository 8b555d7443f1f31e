#!/bin/sh
# SPDX-License-Identifier: MIT
# 100,000 random layers, RTL against model, over all configurations, in random memory timing; each must hit every bin of
# functional coverage that it has the modes for.
#   environment: B build folder, LAYERS (100000), JOBS processes (number of cores), LXA_SEED; exit 0 passed, else failed
# A failed case prints the command that repeats it alone.
set -e
cd "$(dirname "$0")/../.."
top=${B:-build}
layers=${LAYERS:-100000}
jobs=${JOBS:-$(nproc)}
failed=0

one() { # configuration, share of the layers in percent
	dir=$top
	[ "$1" = base ] || dir=$top/$1
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j"$jobs" CONFIG="$1" B="$dir" "$dir/tests/rtl/cosim"
	echo "configuration $1"
	"$dir/tests/rtl/cosim" --layers $((layers * $2 / 100 + 1)) --jobs "$jobs" --cover || failed=1
}

start=$(date +%s)
one base 60
one small 25
one large 15
echo "$layers layers in $(($(date +%s) - start)) s"
exit $failed
