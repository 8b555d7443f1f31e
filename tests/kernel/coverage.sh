#!/bin/sh
# SPDX-License-Identifier: MIT
# The driver's line coverage in the kernel, as a table; after lane.sh test gcov. Lines that never ran are in
# $B/kernel/gcov/lines/*.gcov, marked #####.     environment: B build folder
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
case $B in /*) ;; *) B=$PWD/$B ;; esac
work=$B/kernel/gcov
ls "$work"/out/gcov/*.gcda >/dev/null 2>&1 || { echo "FAIL: the guest left no counts in $work/out/gcov"; exit 1; }
rm -rf "$work/lines" "$work/data"
mkdir -p "$work/lines" "$work/data"
cp "$work"/module/driver/*.gcno "$work"/out/gcov/*.gcda "$work/data/"
cd "$work/lines" || exit 1
gcov -o "$work/data" "$work"/data/*.gcda 2>"$work/gcov.err" | awk '
/^File / { file = $2; gsub(/\047/, "", file); sub(/.*\/module\//, "", file) }
/^Lines executed:/ && file ~ /^driver\// {
	split($0, a, /[:% ]+/)
	pct = a[3]; n = a[5]
	lines[file] = n; run[file] = int(pct * n / 100 + 0.5)
}
/^$/ { file = "" }
END {
	printf "%-28s %6s %6s %7s\n", "file", "lines", "ran", "share"
	for (f in lines)
		printf "%-28s %6d %6d %6.1f%%\n", f, lines[f], run[f], 100 * run[f] / lines[f] | "sort"
	close("sort")
	for (f in lines) { l += lines[f]; r += run[f] }
	if (!l)
		exit 1
	printf "%-28s %6d %6d %6.1f%%\n", "all", l, r, 100 * r / l
}' || { cat "$work/gcov.err"; echo "FAIL: no line of the driver was counted"; exit 1; }
