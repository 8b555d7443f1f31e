#!/bin/sh
# SPDX-License-Identifier: MIT
# The manual pages: correct mdoc, a section for every ioctl of the header and for every command of `lxa --help`, every option
# that the help names, every errno that the header names, every module parameter. The pages of liblxa: check-lib.sh, too.
# Exit 0 passed, 4 skipped (mandoc is not installed), 1 failed. Environment: B build folder.
set -u
cd "$(dirname "$0")/.." || exit 1
B=${B:-build}
bad=0

say() {
	echo "FAIL: $1"
	bad=1
}

for call in $(sed -n 's/^#define \(LXA_IOCTL_[A-Z_]*\).*/\1/p' driver/uapi/lxa.h); do
	grep -qx "\.Ss $call" man/lxa.4 || say "man/lxa.4 has no section $call"
done
for s in $(sed -n '/^struct lxa_ref/,$d; s/^struct \(lxa_[a-z_]*\) {.*/\1/p' driver/uapi/lxa.h); do
	grep -qx "struct $s {" man/lxa.4 || say "man/lxa.4 does not show struct $s"
done
for param in $(sed -n 's/^module_param_named(\([a-z_]*\),.*/\1/p' driver/main.c); do
	grep -qx "\.It Va $param" man/lxa.4 || say "man/lxa.4 does not have module parameter $param"
done
for e in $(grep -o '\bE[A-Z0-9][A-Z0-9]*\b' driver/uapi/lxa.h | grep -vE '^(ENUM|EXTENT)$' | sort -u); do
	grep -qw "$e" man/lxa.4 || say "man/lxa.4 does not have $e"
done
"$B/lxa" --help >"$B/help.txt" || say "lxa --help fails"
for c in $(sed -n 's/^  lxa \([a-z][a-z]*\) .*/\1/p' "$B/help.txt" | sort -u); do
	grep -qx "\.Ss lxa $c" man/lxa.1 || say "man/lxa.1 has no section lxa $c"
done
for o in $(grep -o -- '--[a-z][a-z-]*' "$B/help.txt" | sort -u | grep -vx -- --help); do
	grep -q -- "Fl Fl ${o#--}\b" man/lxa.1 || say "man/lxa.1 does not have option $o"
done
[ $bad = 0 ] || exit 1
command -v mandoc >/dev/null || { echo "SKIP: mandoc is not installed (apt install mandoc)"; exit 4; }
mandoc -Tlint -Wstyle man/*.[1-8] 2>&1 | grep -vE 'STYLE: (referenced manual not found|operating system explicitly)|outdated mandoc.db' >"$B/mandoc.log"
[ -s "$B/mandoc.log" ] && { cat "$B/mandoc.log"; say "mandoc complains"; }
for page in man/*.[1-8]; do
	mandoc -Tutf8 "$page" >/dev/null || say "mandoc cannot print $page"
done
[ $bad = 0 ] && echo "PASS: $(ls man/*.[1-8] | wc -l) pages"
exit $bad
