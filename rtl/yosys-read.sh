#!/bin/sh
# SPDX-License-Identifier: MIT
# Test: yosys reads and elaborates the whole design of every configuration (no synthesis). Run from the top.
set -eu
if ! command -v yosys > /dev/null; then
	echo "yosys-read: skipped: yosys not installed"
	exit 4
fi
for dir in rtl/config/*/; do
	config=$(basename "$dir")
	echo "yosys-read: $config"
	srcs=$(rtl/srcs.sh "$config" | tr '\n' ' ')
	yosys -q -w "Replacing memory" -p "read_verilog -sv $srcs; hierarchy -check -top lxa_top"
done
