#!/bin/sh
# SPDX-License-Identifier: MIT
# Test: the files made from rtl/regs/lxa.regs are what the generator makes now. Run from the top.
set -eu
tmp=$(mktemp)
trap 'rm -f "$tmp"' EXIT
stale=0
check() {
	awk -v to="$1" -f rtl/regs/gen.awk rtl/regs/lxa.regs > "$tmp"
	if ! cmp -s "$tmp" "$2"; then
		echo "check-regs: $2 is not what rtl/regs/lxa.regs gives now: run 'make regs'" >&2
		stale=1
	fi
}
check c driver/lxa_regs.h
check sv rtl/lxa_regs_pkg.sv
check md rtl/REGISTERS.md
check names userspace/cli/names.h
exit $stale
