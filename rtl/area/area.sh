#!/bin/sh
# SPDX-License-Identifier: MIT
# `make area`: what lanes, arrays and devices cost, next to int8 ones. Run from the top; README.md says what is measured.
#   rtl/area/area.sh [lanes|arrays|devices|large]...     the first three when none is named; large: the configuration `large`
#   environment: CSV=FILE the figures to FILE as well; B build folder, where results are kept; JOBS at a time (all processors)
set -eu
if ! command -v yosys > /dev/null; then
	echo "area: skipped: yosys not installed"
	exit 4
fi
synth=rtl/area/synth.sh
if [ "${1-}" = --one ]; then # worker: area.sh --one DIR NUMBER HOW KEY CONFIG TOP [PARAMETER=VALUE]...
	dir=$2 how=$4 key=$5
	shift 5
	start=$(date +%s)
	$synth "$how" "$@" > "$dir/$key.$how"
	echo "  $(find "$dir" -name '*.gates' -size +0 -o -name '*.xc7' -size +0 | wc -l)/$(wc -l < "$dir/jobs")  $how $*, $(($(date +%s) - start)) s" >&2
	exit 0
fi
csv=${CSV:-/dev/null}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM
echo "what,GE,flip-flops,LUT,CARRY4,xc7 flip-flops,memory bits" > "$csv"
: > "$dir/jobs"

# measure KEY GATES-TOP-AND-PARAMETERS [XC7-...]: notes both flows as jobs; their results will be $dir/KEY.gates and .xc7
measure() {
	echo "gates $1 base $2" >> "$dir/jobs"
	echo "xc7 $1 base ${3:-$2}" >> "$dir/jobs"
}

# gather KEY: one line of both flows' results into $dir/KEY and into the CSV
gather() {
	[ -f "$dir/$1" ] && return
	awk -v key="$1" 'NR == FNR { lut = $1; ff = $2; carry = $3; next } $1 == "all" { print key, $3, $4, lut, carry, ff, $5 }' \
		"$dir/$1.xc7" "$dir/$1.gates" > "$dir/$1"
	tr ' ' , < "$dir/$1" >> "$csv"
}

# show "NAME" KEY DIVISOR REFERENCE...: a row, with its ratio to each reference in GE and in LUTs
show() {
	name=$1 key=$2 div=$3
	shift 3
	gather "$key"
	files=
	for r; do gather "$r"; files="$files $dir/$r"; done
	# shellcheck disable=SC2086
	cat "$dir/$key" $files | awk -v name="$name" -v div="$div" '
		NR == 1 { ge = $2; lut = $4; d = (div > 1); printf "%-46s %8.*f %6d %7.*f", name, d, ge / div, $3, d, lut / div; next }
		{ printf "  %6.*f %6.*f", 3 + d, ge / div / $2, 3 + d, lut / div / $4 }
		END { print "" }'
}
head() { printf '\n%-46s %8s %6s %7s  %13s  %13s\n' "$1" GE FF LUT "$2" "$3"; }

lanes_jobs() {
	for w in 24 32 48 64; do
		measure "int8.$w" "lxa_area_int8 ACC_W=$w"
		measure "star.$w" "lxa_area_int8 ACC_W=$w NAIVE=1"
		measure "bias.$w" "lxa_area_int8 ACC_W=$w BIASED=1"
	done
	measure uint8.32 "lxa_area_int8 ACC_W=32 A_SIGNED=0"
	for w in 24 32; do
		measure "log.$w" "lxa_area_shift ACC_W=$w COUNT=1" "lxa_area_shift ACC_W=$w"
		measure "sqrt2.$w" "lxa_area_shift ACC_W=$w SQRT2=1 COUNT=1" "lxa_area_shift ACC_W=$w SQRT2=1"
		measure "turn.$w" "lxa_area_log ACC_W=$w" "lxa_area_shift ACC_W=$w"
		measure "turn2.$w" "lxa_area_log ACC_W=$w SQRT2=1" "lxa_area_shift ACC_W=$w SQRT2=1"
	done
	measure wgt.32 "lxa_area_shift WGT_INT=1"
	measure act.32 "lxa_area_shift ACT_INT=1"
	measure any.32 "lxa_area_shift SQRT2=1 WGT_INT=1 ACT_INT=1"
	measure xnor.32 lxa_area_xnor
	measure planes.32 "lxa_area_xnor PLANES=1"
}

lanes() {
	head "one lane, the sum in its register" "/ int8" "/ int8 from *"
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
	head "one lane, the sum in its cheapest form" "/ int8" "/ int8 from *"
	for w in 24 32; do
		show "int8 x int8, sum + 2^15 a product, $w bits" "bias.$w" 1 "bias.$w" "star.$w"
		show "log x log base 2, sum or complement, $w bits" "turn.$w" 1 "bias.$w" "star.$w"
	done
	show "log x log base sqrt 2, the same, 2 x 24 bits" turn2.24 1 bias.48 star.48
	show "log x log base sqrt 2, the same, 2 x 32 bits" turn2.32 1 bias.64 star.64
}

arrays_jobs() {
	for w in 24 32 64; do
		measure "array-int8.$w" "lxa_int8_array ACC_W=$w"
		measure "array-star.$w" "lxa_int8_array ACC_W=$w NAIVE=1"
	done
	for w in 24 32; do measure "array-log.$w" "lxa_shift_synth ACC_W=$w SQRT2=0 ACT_INT=0 WGT_INT=0"; done
	measure array-int.32 "lxa_shift_synth ACC_W=32 SQRT2=0"
	measure array-sqrt2.64 "lxa_shift_synth ACT_INT=0 WGT_INT=0"
	measure array-any.64 lxa_shift_synth
	measure array-xnor "lxa_xnor_synth PLANES=0"
	measure array-planes "lxa_xnor_synth PLANES=1"
}

arrays() {
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

device() {
	printf '\n%-38s %9s %10s %7s %9s %12s\n' "device $1: module (with what it holds)" instances GE share FF "memory bits"
	sort -k3,3nr "$dir/device-$1.gates" | awk 'NR == 1 { all = $3; $1 = "lxa_top" }
		$3 > 0 || $5 > 0 { printf "%-44s %3d %10d %6.1f%% %9d %12d\n", $1, $2, $3, 100 * $3 / all, $4, $5 }'
	awk -v OFS=, -v c="$1" '{ print "device-" c "-" $1, $3, $4, "", "", "", $5 }' "$dir/device-$1.gates" >> "$csv"
}
devices_jobs() { for c in base small; do echo "gates device-$c $c lxa_top" >> "$dir/jobs"; done; }
devices() { for c in base small; do device $c; done; }
large_jobs() { echo "gates device-large large lxa_top" >> "$dir/jobs"; }
large() { device large; }

[ $# -gt 0 ] || set -- lanes arrays devices
for part; do
	case $part in
	lanes | arrays | devices | large) ;;
	*) echo "area.sh: no part '$part'; there are lanes, arrays, devices, large" >&2; exit 2 ;;
	esac
done
# the longest first
for part in large devices arrays lanes; do case " $* " in *" $part "*) "${part}_jobs" ;; esac done
awk '{ print NR, $0 }' "$dir/jobs" | xargs -P "${JOBS:-$(nproc)}" -L 1 "$0" --one "$dir"
for part; do $part; done
