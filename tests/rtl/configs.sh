#!/bin/sh
# SPDX-License-Identifier: MIT
# The other configurations: RTL against model, hostile descriptors, faults, the device's sizes read from its registers.
#   environment: B build folder, CONFIGS (small large), CASES random cases (100), LXA_SEED; exit 0 passed, else failed
set -e
cd "$(dirname "$0")/../.."
top=${B:-build}
for config in ${CONFIGS:-small large}; do
	echo "configuration $config"
	dir=$top/$config
	# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 CONFIG="$config" PGO= B="$dir" \
		"$dir/tests/rtl/cosim" "$dir/tests/rtl/hostile" "$dir/tests/rtl/faults" "$dir/tests/rtl/cycles"
	"$dir/tests/rtl/cosim" --cases "${CASES:-100}"
	timeout 60 "$dir/tests/rtl/cosim" --seed 1795560591665615 --case 456 # on small the cycle model once never ended here
	"$dir/tests/rtl/hostile" --cases "${CASES:-100}"
	"$dir/tests/rtl/faults"
	"$dir/tests/rtl/cycles"
	# wide residuals beside wide outputs, where the cycle model was 17 % off; tiles of two heights, of which too many were left out
	"$dir/tests/rtl/cycles" --seed 1 --case 92
	"$dir/tests/rtl/cycles" --seed 1024 --case 149
done
