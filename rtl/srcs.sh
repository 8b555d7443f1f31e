#!/bin/sh
# SPDX-License-Identifier: MIT
# Prints the SystemVerilog files of one configuration in compile order: rtl/srcs.sh [CONFIG]. Run from the top.
set -eu
config=${1:-base}
if [ ! -f "rtl/config/$config/lxa_cfg_pkg.sv" ]; then
	echo "srcs.sh: no configuration '$config': there is no rtl/config/$config/lxa_cfg_pkg.sv" >&2
	exit 1
fi
echo "rtl/config/$config/lxa_cfg_pkg.sv"
echo rtl/lxa_regs_pkg.sv
for list in rtl/core.f rtl/front.f; do
	[ -f "$list" ] && sed -e 's/[#].*//' -e 's,//.*,,' -e 's/[ \t]//g' -e '/^$/d' -e 's,^rtl/,,' -e 's,^,rtl/,' "$list"
done
