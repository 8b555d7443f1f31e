#!/bin/sh
# SPDX-License-Identifier: MIT
# A second reading of the RTL: yosys parses and elaborates it, writes plain Verilog (registers, multiplexers, memories), and
# the random tests run on that in place of the RTL. A construct that Verilator reads otherwise than yosys, and so
# otherwise than synthesis, would show; so would a value that rests on how something was initialized.
#   environment: B build folder, CONFIG (small), CASES random cases (150), LXA_SEED; exit 0 passed, 4 skipped, else failed
set -e
cd "$(dirname "$0")/../.."
top=${B:-build}
config=${CONFIG:-small}
if ! command -v yosys >/dev/null; then
	echo "second-opinion: skipped: yosys not installed"
	exit 4
fi
# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 SECOND=1 CONFIG="$config" B="$top/second" \
	"$top/second/tests/rtl/cosim" "$top/second/tests/rtl/hostile"
"$top/second/tests/rtl/cosim" --cases "${CASES:-150}"
"$top/second/tests/rtl/hostile" --cases "${CASES:-150}"
