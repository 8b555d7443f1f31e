#!/bin/sh
# SPDX-License-Identifier: MIT
# Test: a lane costs no more than README.md says, next to int8 ones with the same accumulator. Run from the top.
set -eu
if ! command -v yosys > /dev/null; then
	echo "check-area: skipped: yosys not installed"
	exit 4
fi
gates() { rtl/area/synth.sh gates base "$@" | awk '$1 == "all" { print $3 }'; }
luts() { rtl/area/synth.sh xc7 base "$@" | awk '{ print $1 }'; }
rc=0
below() { # below "WHAT" VALUE REFERENCE BOUND
	awk -v what="$1" -v v="$2" -v r="$3" -v bound="$4" 'BEGIN {
		ok = v > 0 && r > 0 && v <= bound * r
		printf "%s: %g / %g = %.4f, %s than %s\n", what, v, r, v / r, ok ? "no more" : "MORE", bound
		exit !ok }' || rc=1
}
int8=$(gates lxa_area_int8)
star=$(gates lxa_area_int8 NAIVE=1)
xnor=$(gates lxa_area_xnor)
log=$(gates lxa_area_shift COUNT=1)
below "log lane / smallest int8 lane, 24 bits, GE" "$(gates lxa_area_log ACC_W=24)" "$(gates lxa_area_int8 ACC_W=24 BIASED=1)" 0.5
below "log lane / smallest int8 lane, 32 bits, GE" "$(gates lxa_area_log)" "$(gates lxa_area_int8 BIASED=1)" 0.56
below "log lane / int8 lane from *, plain sums, GE" "$log" "$star" 0.51
below "log lane / int8 lane, plain sums, GE" "$log" "$int8" 0.59
below "log lane / smallest int8 lane, LUT" "$(luts lxa_area_shift)" "$(luts lxa_area_int8)" 0.5
below "64 XNOR lanes / int8 lane from *, GE" "$xnor" "$star" 1.28    # 0.02 a MAC
below "64 XNOR lanes / int8 lane, GE" "$xnor" "$int8" 1.28
exit $rc
