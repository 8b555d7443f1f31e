#!/bin/sh
# SPDX-License-Identifier: MIT
# `make area`: what lanes, arrays and devices cost, next to int8 ones. Run from the top; README.md says what is measured.
#   rtl/area/area.sh [lanes|arrays|devices]...       all three when none is named; CSV=FILE: the figures to FILE as well
set -eu
if ! command -v yosys > /dev/null; then
	echo "area: skipped: yosys not installed"
	exit 4
fi
synth=rtl/area/synth.sh
csv=${CSV:-/dev/null}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
echo "what,GE,flip-flops,LUT,CARRY4,xc7 flip-flops,memory bits" > "$csv"

# measure KEY CONFIG GATES-TOP-AND-PARAMETERS [XC7-...]: both flows at once; results in $dir/KEY
measure() {
	key=$1 config=$2 gates=$3 xc7=${4:-$3}
	echo "  $key" >&2
	# shellcheck disable=SC2086
	$synth xc7 "$config" $xc7 > "$dir/$key.xc7" &
	# shellcheck disable=SC2086
	$synth gates "$config" $gates > "$dir/$key.all"
	wait $!
	awk -v key="$key" 'NR == FNR { lut = $1; ff = $2; carry = $3; ram = $4; next }
		$1 == "all" { print key, $3, $4, lut, carry, ff, $5, ram }' "$dir/$key.xc7" "$dir/$key.all" > "$dir/$key"
	awk -v OFS=, '{ print $1, $2, $3, $4, $5, $6, $7 }' "$dir/$key" >> "$csv"
}

# show "NAME" KEY DIVISOR REFERENCE...: a row, with its ratio to each reference in GE and in LUTs
show() {
	name=$1 key=$2 div=$3
	shift 3
	files=
	for r; do files="$files $dir/$r"; done
	# shellcheck disable=SC2086
	cat "$dir/$key" $files | awk -v name="$name" -v div="$div" '
		NR == 1 { ge = $2; lut = $4; d = (div > 1); printf "%-46s %8.*f %6d %7.*f", name, d, ge / div, $3, d, lut / div; next }
		{ printf "  %6.*f %6.*f", 3 + d, ge / div / $2, 3 + d, lut / div / $4 }
		END { print "" }'
}
head() { printf '\n%-46s %8s %6s %7s  %13s  %13s\n' "$1" GE FF LUT "$2" "$3"; }

lanes() {
	for w in 24 32 48 64; do measure "int8.$w" base "lxa_area_int8 ACC_W=$w"; done
	for w in 24 32; do measure "star.$w" base "lxa_area_int8 ACC_W=$w NAIVE=1"; done
	measure uint8.32 base "lxa_area_int8 ACC_W=32 A_SIGNED=0"
	for w in 48 64; do measure "star.$w" base "lxa_area_int8 ACC_W=$w NAIVE=1"; done
	for w in 24 32; do
		measure "log.$w" base "lxa_area_shift ACC_W=$w COUNT=1" "lxa_area_shift ACC_W=$w"
		measure "sqrt2.$w" base "lxa_area_shift ACC_W=$w SQRT2=1 COUNT=1" "lxa_area_shift ACC_W=$w SQRT2=1"
	done
	measure wgt.32 base "lxa_area_shift WGT_INT=1"
	measure act.32 base "lxa_area_shift ACT_INT=1"
	measure any.32 base "lxa_area_shift SQRT2=1 WGT_INT=1 ACT_INT=1"
	measure xnor.32 base lxa_area_xnor
	measure planes.32 base "lxa_area_xnor PLANES=1"
	head "one lane with an accumulator of its own" "/ int8" "/ int8 from *"
	for w in 24 32; do
		show "int8 x int8, $w bits" "int8.$w" 1 "int8.$w" "star.$w"
		show "int8 x int8 from the operator *, $w bits" "star.$w" 1 "int8.$w" "star.$w"
	done
	show "uint8 x int8, 32 bits" uint8.32 1 int8.32 star.32
	for w in 24 32; do show "log x log base 2, $w bits" "log.$w" 1 "int8.$w" "star.$w"; done
	show "  + int8 weights, 32 bits" wgt.32 1 int8.32 star.32
	show "  + int8 activations, 32 bits" act.32 1 int8.32 star.32
	show "log x log base sqrt 2, 2 x 24 bits" sqrt2.24 1 int8.48 star.48
	show "log x log base sqrt 2, 2 x 32 bits" sqrt2.32 1 int8.64 star.64
	show "  + int8 weights and activations, 2 x 32 bits" any.32 1 int8.64 star.64
	show "64 XNOR lanes, 32 bits" xnor.32 1 int8.32 star.32
	show "  per MAC" xnor.32 64 int8.32 star.32
	show "64 XNOR lanes with bit planes, 32 bits" planes.32 1 int8.32 star.32
	show "  per MAC" planes.32 64 int8.32 star.32
}

arrays() {
	for w in 24 32 64; do
		measure "array-int8.$w" base "lxa_int8_array ACC_W=$w"
		measure "array-star.$w" base "lxa_int8_array ACC_W=$w NAIVE=1"
	done
	for w in 24 32; do measure "array-log.$w" base "lxa_shift_synth ACC_W=$w SQRT2=0 ACT_INT=0 WGT_INT=0"; done
	measure array-int.32 base "lxa_shift_synth ACC_W=32 SQRT2=0"
	measure array-sqrt2.64 base "lxa_shift_synth ACT_INT=0 WGT_INT=0"
	measure array-any.64 base lxa_shift_synth
	measure array-xnor base "lxa_xnor_synth PLANES=0"
	measure array-planes base "lxa_xnor_synth PLANES=1"
	head "base's array: decode, weights, trees, accumulate" "/ int8" "/ int8 from *"
	for w in 24 32 64; do
		show "int8, 256 MACs, accumulators of $w bits" "array-int8.$w" 1 "array-int8.$w" "array-star.$w"
		show "int8 from the operator *, $w bits" "array-star.$w" 1 "array-int8.$w" "array-star.$w"
	done
	for w in 24 32; do show "log x log base 2, 256 MACs, $w bits" "array-log.$w" 1 "array-int8.$w" "array-star.$w"; done
	show "  + int8 weights and activations, 32 bits" array-int.32 1 array-int8.32 array-star.32
	show "log x log base sqrt 2, 2 x 32 bits" array-sqrt2.64 1 array-int8.64 array-star.64
	show "  + int8 weights and activations (as built)" array-any.64 1 array-int8.64 array-star.64
	show "XNOR, 4096 MACs, 32 bits" array-xnor 1 array-int8.32 array-star.32
	show "  per 256 MACs" array-xnor 16 array-int8.32 array-star.32
	show "XNOR with bit planes (as built)" array-planes 1 array-int8.32 array-star.32
	show "  per 256 MACs" array-planes 16 array-int8.32 array-star.32
}

devices() {
	for path in rtl/config/*/; do
		config=$(basename "$path")
		echo "  device $config" >&2
		$synth gates "$config" lxa_top > "$dir/device.$config"
		printf '\n%-38s %9s %10s %7s %9s %12s\n' "device $config: module (with what it holds)" instances GE share FF "memory bits"
		sort -k3,3nr "$dir/device.$config" | awk 'NR == 1 { all = $3; $1 = "lxa_top" }
			$3 > 0 || $5 > 0 { printf "%-44s %3d %10d %6.1f%% %9d %12d\n", $1, $2, $3, 100 * $3 / all, $4, $5 }'
		awk -v OFS=, -v c="$config" '{ print "device-" c "-" $1, $3, $4, "", "", "", $5 }' "$dir/device.$config" >> "$csv"
	done
}

for part in ${*:-lanes arrays devices}; do $part; done
