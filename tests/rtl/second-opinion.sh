#!/bin/sh
# SPDX-License-Identifier: MIT
# A second reading of the RTL: yosys parses and elaborates it, writes plain Verilog (registers, multiplexers, memories), and
# the random tests run on that in place of the RTL: bit for bit the model's results, and as many cycles as the RTL takes.
# A construct that Verilator reads otherwise than yosys, and so otherwise than synthesis, shows; so does a value that rests
# on how something was initialized.
#   environment: B build folder, CONFIG (small), CASES random cases (150), LXA_SEED; exit 0 passed, 4 skipped, else failed
set -e
cd "$(dirname "$0")/../.."
top=${B:-build}
config=${CONFIG:-small}
cases=${CASES:-150}
seed=${LXA_SEED:-$(date +%s)}
first=$top
[ "$config" = base ] || first=$top/$config
if ! command -v yosys >/dev/null; then
	echo "second-opinion: skipped: yosys not installed"
	exit 4
fi
build() { # MAKEFLAGS of an outer make (B=, SAN=) would win over ours
	env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 CONFIG="$config" "$@"
}
build B="$first" "$first/tests/rtl/cosim"
build B="$top/second" SECOND=1 "$top/second/tests/rtl/cosim" "$top/second/tests/rtl/hostile"
one=$("$first/tests/rtl/cosim" --seed "$seed" --cases "$cases" | tail -n 1)
"$top/second/tests/rtl/cosim" --seed "$seed" --cases "$cases" | tee "$top/second/cosim.log"
two=$(tail -n 1 "$top/second/cosim.log")
echo "seed $seed, RTL: $one"
if [ "$one" != "$two" ]; then
	echo "the two readings differ"
	exit 1
fi
"$top/second/tests/rtl/hostile" --seed "$seed" --cases "$cases"
