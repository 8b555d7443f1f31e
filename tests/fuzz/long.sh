#!/bin/sh
# SPDX-License-Identifier: MIT
# One fuzzer with libFuzzer, from the kept corpus.
#   long.sh PROGRAM CORPUS [ENGINE]      FUZZ_SECONDS: how long (600); B: build folder; FUZZ_ASAN: options of ASan
# Exit 0 nothing found, 4 skipped (no clang), 1 found something: the input is in $B/fuzz/PROGRAM.
#   FUZZ_MERGE=1: afterwards what adds coverage goes into the corpus, smallest inputs first.
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
program=$1
corpus=tests/fuzz/corpus/$2
work=$B/fuzz/$program

command -v clang >/dev/null || { echo "SKIP: clang is not installed (apt install clang)"; exit 4; }
mkdir -p "$work/corpus" "$work/found"
(flock 9 && env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory B="$B" fuzz-built) 9>"$B/fuzz/lock" || exit 1
export ASAN_OPTIONS="${FUZZ_ASAN:-detect_leaks=0}" LXA_FUZZ_ENGINE="${3:-model}"
UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 \
	"$B/fuzz/tests/fuzz/$program" -max_total_time="${FUZZ_SECONDS:-600}" -timeout=120 -rss_limit_mb=4096 -max_len=2048 \
	-artifact_prefix="$work/found/" -print_final_stats=1 "$work/corpus" "$corpus" >"$work/log" 2>&1
rc=$?
grep -E '^stat::(number_of_executed|new_units)|^Done' "$work/log"
if [ $rc != 0 ]; then
	tail -n 40 "$work/log"
	echo "FAIL: $program: inputs in $work/found"
	exit 1
fi
if [ -n "${FUZZ_MERGE:-}" ]; then
	mkdir -p "$work/merged"
	"$B/fuzz/tests/fuzz/$program" -set_cover_merge=1 -use_counters=0 -max_len="${FUZZ_MAX_LEN:-400}" \
		"$work/merged" "$corpus" "$work/corpus" >"$work/merge.log" 2>&1 || exit 1
	cp "$work"/merged/* "$corpus/"
fi
