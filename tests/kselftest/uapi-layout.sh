#!/bin/sh
# SPDX-License-Identifier: MIT
# The layout of every struct that user space shares with the driver: equal for 32 and 64 bits, without holes, and what
# uapi-layout.txt has recorded. A struct may grow at its end when its call allows that; then the record is made anew:
#   uapi-layout.sh --update
# Exit 0 passed, 4 skipped (pahole is not installed), 1 failed. Environment: B build folder.
set -u
cd "$(dirname "$0")/../.." || exit 1
record=tests/kselftest/uapi-layout.txt
out=${B:-build}/tests/uapi-layout
headers="driver/uapi/lxa.h driver/uapi/lxa_dump.h"

command -v pahole >/dev/null || { echo "SKIP: pahole is not installed (apt install dwarves)"; exit 4; }
mkdir -p "$out"

# shellcheck disable=SC2086
structs=$(sed -n 's/^struct \(lxa_[a-z_0-9]*\) {.*/\1/p' $headers)
{
	for h in $headers; do echo "#include \"$h\""; done
	for s in $structs; do echo "struct $s v_$s;"; done
} >"$out/all.c"

layout() { # bits
	gcc -m"$1" -ffreestanding -isystem "/usr/include/$(gcc -print-multiarch)" -g -I. -c -o "$out/$1.o" "$out/all.c" || return 1
	for s in $structs; do
		pahole -C "$s" "$out/$1.o" 2>"$out/pahole.err" || return 1
	done | sed 's/[ \t][ \t]*/ /g; s/ $//; s/, cachelines: [0-9]*//; /cacheline/d; /^ *$/d'
}

fail() {
	echo "FAIL: $1"
	exit 1
}

layout 64 >"$out/64.txt" || fail "pahole or the compiler failed: $(cat "$out/pahole.err" 2>/dev/null)"
layout 32 >"$out/32.txt" || fail "the headers do not compile for 32 bits"
for s in $structs; do
	grep -q "^struct $s {" "$out/64.txt" || fail "pahole shows no struct $s"
done
diff -u "$out/64.txt" "$out/32.txt" || fail "a 32-bit program sees another layout"
grep -nE 'XXX|holes:|padding:|bit_' "$out/64.txt" && fail "a struct has a hole: name it as a pad"
bad=$(sed -n 's/^ \/\* size: \([0-9]*\),.*/\1/p' "$out/64.txt" | awk '$1 % 8')
[ -z "$bad" ] || fail "a struct has $bad bytes, not a multiple of 8"
grep -nE 'long int|enum|\*[a-z]|_Bool|: [0-9]+;' "$out/64.txt" | grep -v '/\*.*size' && fail "only the fixed-width types"
if [ "${1:-}" = --update ]; then
	cp "$out/64.txt" "$record"
	exit 0
fi
diff -u "$record" "$out/64.txt" || fail "not the recorded layout: uapi-layout.sh --update when that is meant"
echo "PASS: $(echo "$structs" | wc -w) structs, 32 and 64 bits"
