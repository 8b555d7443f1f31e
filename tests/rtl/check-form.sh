#!/bin/sh
# SPDX-License-Identifier: MIT
# The RTL once more, in the form that is synthesized, with assertions and random initial values, against the model engine:
# what the fast simulation leaves out or writes another way must not matter.
#   environment: B build folder, CASES random cases (120), LXA_SEED; exit 0 passed, else failed
set -e
cd "$(dirname "$0")/../.."
top=${B:-build}
# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 CHECK=1 B="$top/check" \
	"$top/check/tests/rtl/cosim" "$top/check/tests/rtl/faults" "$top/check/tests/rtl/hostile"
"$top/check/tests/rtl/cosim" --cases "${CASES:-120}"
"$top/check/tests/rtl/faults"
"$top/check/tests/rtl/hostile" --cases "${CASES:-120}"
