# SPDX-License-Identifier: MIT
# Adds up yosys' `stat` over the hierarchy; called by synth.sh, which says what is printed.
#   input: nand2.genlib, a dump of the memory cells (or nothing), stat
# A module is own cells plus, for each instance, the module it is an instance of.
function plain(name) { # $paramod$hash\name, $paramod\name\P=...  ->  name
	sub(/^\$paramod(\$[0-9a-f]+)?\\/, "", name)
	sub(/\\.*/, "", name)
	return name
}
function total(m, what,    c, sum) {
	if ((m, what) in memo) return memo[m, what]
	sum = own[m, what]
	for (c in cells) if (index(c, m SUBSEP) == 1) {
		split(c, at, SUBSEP)
		sum += cells[c] * total(at[2], what)
	}
	return memo[m, what] = sum
}
function visit(m, n,    c, at) {
	count[plain(m)] += n
	for (w = 1; w <= 3; w++) all[plain(m), w] += n * total(m, w)
	for (c in cells) if (index(c, m SUBSEP) == 1) {
		split(c, at, SUBSEP)
		visit(at[2], n * cells[c])
	}
}
FILENAME ~ /genlib$/ { if ($1 == "GATE") area[$2] = $3; next }
FILENAME ~ /memory$/ {
	if ($1 == "module") module = substr($2, 1, 1) == "\\" ? substr($2, 2) : $2
	if ($1 == "parameter" && $2 == "\\SIZE") size = $NF
	if ($1 == "parameter" && $2 == "\\WIDTH") own[module, 3] += size * $NF
	next
}
/^=== design hierarchy/ { exit }
/^===/ { module = $2; if (!top) top = module; names[module] = 1; last = module; next }
NF == 2 && $2 ~ /^[0-9]+$/ {
	if (how != "xc7" && $1 in area) own[module, 1] += area[$1] * $2
	else if ($1 == "$_DFF_P_") { own[module, 1] += 5.67 * $2; own[module, 2] += $2 }
	else if (how == "xc7" && $1 ~ /^LUT[1-6]$/) own[module, 1] += $2
	else if (how == "xc7" && $1 ~ /^FD[RSCP]E/) own[module, 2] += $2
	else if (how == "xc7" && $1 == "CARRY4") own[module, 3] += $2
	else if (how == "xc7" && $1 ~ /^RAMB36/) own[module, 4] += 2 * $2
	else if (how == "xc7" && $1 ~ /^RAMB18/) own[module, 4] += $2
	else cells[module, $1] = $2
}
END {
	for (c in cells) {
		split(c, at, SUBSEP)
		if (!(at[2] in names)) { # not a module: a cell that is not counted
			if (at[2] != "$mem_v2" && how != "xc7" && !seen[at[2]]++) print "synth.sh: not counted: " at[2] > "/dev/stderr"
			delete cells[c]
		} else used[at[2]] = 1
	}
	for (m in names) if (!(m in used)) top = m
	if (how == "xc7") {
		print total(top, 1) + 0, total(top, 2) + 0, total(top, 3) + 0, total(top, 4) + 0
		exit
	}
	visit(top, 1)
	for (m in count) if (m != plain(top)) printf "%s %d %.0f %d %d\n", m, count[m], all[m, 1], all[m, 2], all[m, 3]
	printf "all 1 %.0f %d %d\n", total(top, 1), total(top, 2), total(top, 3)
}
