#!/bin/sh
# SPDX-License-Identifier: MIT
# Speed and memory of the simulator, and what it costs to build: verilating and compiling from nothing on two cores, without
# a compiler cache. Run by `make bench-sim`, from the top.
#   environment: B build folder (build), RUNS repetitions (7), CONFIG
set -eu
top=${B:-build}
"$top/tests/bench/bench-sim" -r "${RUNS:-7}"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT INT TERM
printf 'build of the simulator on two cores: '
# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS CCACHE_DISABLE=1 "$top/tests/bench/rusage" \
	make -s --no-print-directory -j2 CONFIG="${CONFIG:-base}" B="$scratch" "$scratch/libsim.a" > "$scratch/log" ||
	{ cat "$scratch/log"; exit 1; }
tail -n 1 "$scratch/log"
