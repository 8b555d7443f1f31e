#!/bin/sh
# SPDX-License-Identifier: MIT
# One module through yosys; prints what it is made of. Run from the top. What was measured before, of the same sources with the
# same tools, is printed again from $B/area (B: build folder, default build).
#   rtl/area/synth.sh gates|xc7 CONFIG TOP [PARAMETER=VALUE]...
# gates: one line for each module below TOP and a last one, `all`, for TOP:  module instances GE flip-flops memory-bits
#        GE: area of the cells of nand2.genlib and DFF = 5.67, memories left out; all instances, what they contain included
# xc7:   LUTs flip-flops CARRY4s block-RAMs (halves)   of a Xilinx 7 series device without its DSP blocks
# netlist: gates of TOP, flat, as BLIF, for rtl/activity
set -eu
how=$1 config=$2 top=$3
shift 3
params=
for p; do params="$params -chparam ${p%%=*} ${p#*=}"; done
area=rtl/area
design=$(rtl/srcs.sh "$config" | tr '\n' ' ')
own="$area/lxa_int8_lane.sv $area/lxa_int8_column.sv $area/lxa_int8_array.sv $area/lxa_area_shift.sv $area/lxa_area_log.sv
	$area/lxa_area_int8.sv $area/lxa_area_xnor.sv"
store=${B:-build}/area
# shellcheck disable=SC2086 # file names have no blanks
key=$({ echo "$how $config $top $params" && yosys -V && cat $design $own $area/*.script $area/*.genlib $area/adder.v \
	$area/stat.awk $area/synth.sh; } | sha256sum | cut -c 1-24)
if [ -s "$store/$key" ]; then
	cat "$store/$key"
	exit 0
fi
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT

# An output channel (`column`) is flat inside, so that trees and multipliers merge; the rest keeps its modules.
{
	echo "read_verilog -sv $design $(echo $own)"
	echo "hierarchy -top $top $params"
	echo proc
	case $how-$top in netlist-* | *-lxa_area_*) echo flatten ;; *) echo 'flatten *_column*' ;; esac
} > "$dir/script.ys"

if [ "$how" = xc7 ]; then
	cat >> "$dir/script.ys" <<-YS
		hierarchy -auto-top
		synth_xilinx -family xc7 -nodsp -noiopad -noclkbuf -run begin:check
		tee -o $dir/stat stat
	YS
else
	cat >> "$dir/script.ys" <<-YS
		hierarchy -auto-top
		opt
		wreduce
		peepopt
		opt_clean
		alumacc
		share
		memory -nomap
		opt_clean
		tee -o $dir/memory dump t:\$mem_v2
		opt -full
		techmap -map $area/adder.v -map +/techmap.v
		opt -fast
		techmap
		setattr -unset init w:*
		dfflegalize -cell \$_DFF_P_ x
		abc -genlib $area/nand2.genlib -script $area/abc.script
		opt_clean
		tee -o $dir/stat stat
	YS
	[ "$how" = gates ] || echo "splitnets -ports; opt_clean -purge; write_blif -gates $dir/blif" >> "$dir/script.ys"
fi
if ! yosys -q "$dir/script.ys" > "$dir/log" 2>&1; then
	echo "synth.sh: $how $config $top$params:" >&2
	tail -n 5 "$dir/log" >&2
	exit 1
fi
mkdir -p "$store"
case $how in
xc7) awk -v how=xc7 -f $area/stat.awk $area/nand2.genlib /dev/null "$dir/stat" ;;
gates) awk -v how=gates -f $area/stat.awk $area/nand2.genlib "$dir/memory" "$dir/stat" ;;
netlist) cat "$dir/blif" ;;
esac > "$dir/out"
cp "$dir/out" "$store/$key.$$"
mv "$store/$key.$$" "$store/$key"
cat "$store/$key"
