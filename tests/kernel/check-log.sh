#!/bin/sh
# SPDX-License-Identifier: MIT
# Does a guest's kernel log hold anything that a checker or the kernel complained about?
#   check-log.sh LOG FLAVOUR
# Complaints are looked for by their marks. What a healthy User Mode Linux says of itself, without our module, is in noise.txt: an
# extended regular expression a line, matched against the complaint and the lines of its report.
set -u
log=$1
here=$(dirname "$0")
awk -v noise="$here/noise.txt" '
BEGIN {
	while ((getline line < noise) > 0)
		if (line !~ /^#/ && line != "")
			known[++n] = line
	mark = "WARNING:|BUG:|BUG |INFO: |Oops|Call Trace|UBSAN|KASAN|DMA-API: .*(error|not|leak|check)|kmemleak: [0-9]+ new|ODEBUG|" \
		"possible (recursive|circular)|suspicious RCU|inconsistent lock|general protection|unhandled|Kernel panic|" \
		"refcount_t|list_(add|del) corruption|bad page|scheduling while atomic|sleeping function|blocked for more than|" \
		"nobody cared|taints kernel because"
}
# A report is the line with the mark and what follows, until the next mark after a pause: 40 lines are enough to know it by.
{ text[NR] = $0 }
END {
	bad = 0
	for (i = 1; i <= NR; i++) {
		if (text[i] !~ mark)
			continue
		ok = 0
		for (k = 1; k <= n && !ok; k++)
			for (j = i; j < i + 40 && j <= NR && !ok; j++)
				if (text[j] ~ known[k])
					ok = 1
		if (!ok) {
			print "# log line " i ": " text[i]
			bad++
		}
	}
	if (bad)
		print "# " bad " complaints in the kernel log that are not in noise.txt"
	exit bad ? 1 : 0
}' "$log"
