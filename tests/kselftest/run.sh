#!/bin/sh
# SPDX-License-Identifier: MIT
# Run one UAPI test program in user space, against the simulated device.
#   run.sh NAME [ENGINE]       environment: B build folder, SAN sanitizers it was built with
# The program says open("/dev/lxa0"); the preload library answers. A sanitizer must be loaded before everything else, so
# there the program has the library linked in. Exit: 0 passed, 4 skipped, else failed.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
name=$1
LXA_DEVICE=sim:${2:-model}
export LXA_DEVICE LXA_SHIM_STRICT=1
program=$B/tests/kselftest/$name

if [ ! -x "$program" ]; then
	tail -n 1 "${KSELFTEST_INC:-$B/kselftest-include}/why" 2>/dev/null || echo "SKIP: $program was not built"
	exit 4
fi
if [ -n "${SAN:-}" ]; then
	# The harness ends a test by _exit() and the driver lives until the process ends: no leak check there.
	ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 TSAN_OPTIONS=halt_on_error=1:atexit_sleep_ms=0 \
		exec timeout 300 "$program"
fi
exec timeout 120 env LD_PRELOAD="$PWD/$B/liblxa-preload.so" "$program"
