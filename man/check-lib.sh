#!/bin/sh
# SPDX-License-Identifier: MIT
# The pages of liblxa: every function of userspace/lxa.h is in exactly one page's synopsis with the header's prototype and in its NAME,
# no page has another; a structure that a page shows has the header's members. Exit 0 passed, 1 failed.
set -u
cd "$(dirname "$0")/.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
bad=0

say() {
	echo "FAIL: $1"
	bad=1
}

# Blanks as C needs them; no attributes, no comments.
plain() {
	tr '\n\t' '  ' | sed -E 's|/\*([^*]\|\*+[^*/])*\*+/||g' | sed -E 's/;/;\n/g' |
		sed -E 's/__attribute__ *\(\(.*\)\) *;/;/; s/ +/ /g; s/^ //; s/ ?([(),;{}*]) ?/\1/g'
}

# functions: "lxa_name|int lxa_name(args)", one a line
sed -e '/^#/d' -e '/^extern "C"/d' userspace/lxa.h | plain | sed -n 's/^[^(]*[ *]\(lxa_[a-z0-9_]*\)(.*);$/\1|&/p' | sort >"$tmp/header"
for page in man/*.3; do
	awk '/^\.Ft /{ sub(/^\.Ft /, ""); gsub(/"/, ""); type = $0 }
		/^\.Fo /{ fn = $2; args = "" }
		/^\.Fa / && fn { sub(/^\.Fa /, ""); gsub(/"/, ""); args = args (args == "" ? "" : ",") $0 }
		/^\.Fc/{ print type " " fn "(" args ");"; fn = "" }' "$page" | plain |
		sed -n 's/.*[ *]\(lxa_[a-z0-9_]*\)(.*/\1|&/p' >"$tmp/page"
	cut -d'|' -f1 "$tmp/page" | while read -r f; do
		grep -qE "^\.Nm $f( ,)?$" "$page" || echo "$page: $f is not in NAME"
	done >>"$tmp/faults"
	cat "$tmp/page" >>"$tmp/pages"
done
sort "$tmp/pages" >"$tmp/sorted"
[ "$(wc -l <"$tmp/header")" -ge 55 ] || say "only $(wc -l <"$tmp/header") functions found in lxa.h"
for f in $(cut -d'|' -f1 "$tmp/sorted" | uniq -d); do say "$f is in several pages"; done
diff "$tmp/header" "$tmp/sorted" >"$tmp/diff" || { say "lxa.h (<) and the pages' synopses (>) differ"; cat "$tmp/diff"; }
[ -s "$tmp/faults" ] && { say "names"; cat "$tmp/faults"; }
cut -d'|' -f1 "$tmp/sorted" | sort >"$tmp/names"
sed -n 's/^\t\(lxa_[a-z0-9_]*\);.*/\1/p' userspace/liblxa.map | sort | diff - "$tmp/names" >"$tmp/diff" ||
	{ say "liblxa.map (<) and the pages (>) differ"; cat "$tmp/diff"; }

# structures
structs() { # file
	sed 's/\\e/\\/g' "$1" | awk '/^struct lxa_[a-z_]* \{/{ on = 1 } on { print } /^};/{ if (on) print "@"; on = 0 }' |
		tr '\n\t' '  ' | tr '@' '\n' | sed -E 's|/\*([^*]\|\*+[^*/])*\*+/||g; s/ +/ /g; s/^ //; s/ ?([(),;{}*]) ?/\1/g'
}
structs userspace/lxa.h >"$tmp/structs"
for page in man/*.3; do
	structs "$page" | while read -r s; do
		[ -z "$s" ] || grep -qxF "$s" "$tmp/structs" || echo "$page: ${s%%\{*} is not as in lxa.h"
	done
done >"$tmp/faults"
[ -s "$tmp/faults" ] && { say "structures"; cat "$tmp/faults"; }
for s in $(sed -n 's/^struct \(lxa_[a-z_]*\) {$/\1/p' userspace/lxa.h); do
	[ "$(grep -lx "struct $s {" man/*.3 | wc -l)" = 1 ] || say "struct $s is not in one page"
done
[ $bad = 0 ] && echo "PASS: $(wc -l <"$tmp/header") functions in $(ls man/*.3 | wc -l) pages"
exit $bad
