#!/bin/sh
# SPDX-License-Identifier: MIT
# One module through yosys; prints what it is made of. Run from the top.
#   rtl/area/synth.sh gates|xc7 CONFIG TOP [PARAMETER=VALUE]...
# gates: one line for each module below TOP and a last one, `all`, for TOP:  module instances GE flip-flops memory-bits
#        GE: area of the cells of nand2.genlib and DFF = 5.67, memories left out; all instances, what they contain included
# xc7:   LUTs flip-flops CARRY4s block-RAMs (halves)   of a Xilinx 7 series device without its DSP blocks
set -eu
how=$1 config=$2 top=$3
shift 3
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
params=
for p; do params="$params -chparam ${p%%=*} ${p#*=}"; done
area=rtl/area

# An output channel (`column`) is flat inside, so that trees and multipliers merge; the rest keeps its modules.
cat > "$dir/script.ys" <<-YS
	read_verilog -sv $(rtl/srcs.sh "$config" | tr '\n' ' ') $area/lxa_int8_lane.sv $area/lxa_int8_column.sv $area/lxa_int8_array.sv
	read_verilog -sv $area/lxa_area_shift.sv $area/lxa_area_int8.sv $area/lxa_area_xnor.sv
	hierarchy -top $top $params
	proc
	flatten *_column*
YS
case $top in lxa_area_*) echo flatten >> "$dir/script.ys" ;; esac

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
		opt -full
		techmap
		setattr -unset init w:*
		dfflegalize -cell \$_DFF_P_ x
		abc -genlib $area/nand2.genlib -script $area/abc.script
		opt_clean
		tee -o $dir/stat stat
	YS
fi
if ! yosys -q "$dir/script.ys" > "$dir/log" 2>&1; then
	tail -n 5 "$dir/log" >&2
	exit 1
fi
if [ -n "${KEEP_STAT:-}" ]; then cp "$dir/stat" "$dir/memory" "$KEEP_STAT"; fi
awk -v how="$how" -f $area/stat.awk $area/nand2.genlib "$(test "$how" = xc7 && echo /dev/null || echo "$dir/memory")" "$dir/stat"
