#!/bin/sh
# SPDX-License-Identifier: MIT
# Test: every configuration, in both forms of the arrays, is clean under verilator -Wall, assertions included. Run from the top.
set -eu
if ! command -v verilator > /dev/null; then
	echo "lint: skipped: verilator not installed"
	exit 4
fi
for dir in rtl/config/*/; do
	config=$(basename "$dir")
	echo "lint: $config"
	# shellcheck disable=SC2046 # file names have no blanks
	verilator --lint-only -Wall --assert --top-module lxa_top rtl/lint.vlt $(rtl/srcs.sh "$config")
	# shellcheck disable=SC2046
	verilator --lint-only -Wall --assert -DLXA_SYNTH_FORM --top-module lxa_top rtl/lint.vlt $(rtl/srcs.sh "$config")
done
