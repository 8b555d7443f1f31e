#!/bin/sh
# SPDX-License-Identifier: MIT
# Does a guest's kernel log hold anything that a checker or the kernel complained about?
#   check-log.sh LOG              exit 0: no; else each complaint is printed
# A complaint begins with a line that has one of the marks below and ends before the next one. It passes when one of its lines
# matches a line of noise.txt (extended regular expressions): what a healthy User Mode Linux says of itself without our module.
set -u
awk -v noise="$(dirname "$0")/noise.txt" '
BEGIN {
	while ((getline line < noise) > 0)
		if (line !~ /^#/ && line != "")
			known[++n] = line
	mark = "WARNING:|BUG[: ]|INFO: |Oops|UBSAN|KASAN:|DMA-API|ODEBUG|general protection|Kernel panic|" \
		"refcount_t|list_(add|del)[^ ]* corruption|bad page|scheduling while atomic|sleeping function|blocked for more than|" \
		"nobody cared|[Uu]nhandled|virt-pci|possible (recursive|circular)|lxa.*(error|failed)"
}
function close_report() {
	if (first != "" && !ok) {
		print "# log line " at ": " first
		bad++
	}
	first = ""
}
$0 ~ mark { close_report(); first = $0; at = NR; ok = 0 }
first != "" {
	for (k = 1; k <= n && !ok; k++)
		if ($0 ~ known[k])
			ok = 1
}
# A stack with nobody to own it
/Call Trace:/ && first == "" { first = $0; at = NR; ok = 0 }
END {
	close_report()
	if (bad)
		print "# " bad " complaints in the kernel log that are not in noise.txt"
	exit bad ? 1 : 0
}' "$1"
