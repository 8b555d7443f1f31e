#!/bin/sh
# SPDX-License-Identifier: MIT
# The functions that lxa.h declares, those that liblxa.map lists and those that liblxa.so and the installed liblxa.a define are
# the same; each has the map's version; a C++ program and C ones of each standard can use the header; the SONAME has the major
# version. The header's functions are taken from the compiler, not from a pattern.
# Environment: B build folder, CC, CXX, LXA_VERSION.
set -u
cd "$(dirname "$0")/../.." || exit 1
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
fails=0 n=0

say() { # 0|1 what
	n=$((n + 1))
	[ "$1" = 0 ] && { echo "ok $n - $2"; return; }
	echo "not ok $n - $2"
	fails=$((fails + 1))
}

same() { # name, the two lists
	diff "$2" "$3" >"$tmp/diff"
	say $? "$1"
	cat "$tmp/diff"
}

inc="-Iuserspace -Idriver"
echo '#include <lxa.h>' >"$tmp/h.c"
$CC $inc -S -o "$tmp/h.s" -aux-info "$tmp/aux" "$tmp/h.c" || exit 1
sed -n 's|^/\* userspace/lxa\.h:.*\b\(lxa_[a-z0-9_]*\) (.*|\1|p' "$tmp/aux" | sort >"$tmp/header"
[ "$(wc -l <"$tmp/header")" -ge 48 ]
say $? "$(wc -l <"$tmp/header") functions in lxa.h"
[ "$(grep -c '^[a-z].*(' userspace/lxa.h)" = "$(wc -l <"$tmp/header")" ]
say $? "the compiler saw every declaration that begins a line"

sed -n 's/^\t\(lxa_[a-z0-9_]*\);.*/\1/p' userspace/liblxa.map | sort >"$tmp/map"
same "lxa.h and liblxa.map" "$tmp/header" "$tmp/map"
nm -D --defined-only --with-symbol-versions "$B/liblxa.so" | awk '$2 != "A" { print $3 }' | sort >"$tmp/versions"
awk '/^LXA_[0-9.]* \{/ { v = $1 } /^\tlxa_/ { sub(";.*", ""); print $1 "@@" v }' userspace/liblxa.map | sort >"$tmp/wanted"
same "liblxa.so exports these, with their versions, and nothing else" "$tmp/wanted" "$tmp/versions"
nm -g --defined-only "$B/install/liblxa.a" | awk 'NF == 3 { print $3 }' | sort >"$tmp/static"
same "liblxa.a, as it is installed, exports the same" "$tmp/header" "$tmp/static"
[ "$(objdump -p "$B/liblxa.so" | awk '/SONAME/ { print $2 }')" = "liblxa.so.${LXA_VERSION%%.*}" ]
say $? "SONAME liblxa.so.${LXA_VERSION%%.*}"

for std in c99 c11 c17 gnu17; do
	$CC -std=$std -Wall -Wextra -Wpedantic -Werror $inc -fsyntax-only "$tmp/h.c"
	say $? "lxa.h in $std"
done
{
	echo '#include <lxa.h>'
	echo 'int main() { const void *all[] = {'
	sed 's/.*/(const void *)&,/' "$tmp/header"
	echo '}; lxa_caps c; lxa_caps_base(&c); return !(all[0] && c.word_bytes); }'
} >"$tmp/all.cpp"
for std in c++11 c++17 c++20; do
	$CXX -std=$std -Wall -Wextra -Wpedantic -Werror $inc -o "$tmp/all" "$tmp/all.cpp" "$B/liblxa.so" -Wl,-rpath-link,"$B" &&
		LD_LIBRARY_PATH=$B "$tmp/all"
	say $? "a $std program with every function"
done
[ $fails = 0 ]
