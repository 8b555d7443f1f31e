#!/bin/sh
# SPDX-License-Identifier: MIT
# Put the kernel's test harness headers (kselftest.h, kselftest_harness.h) into a folder.
#   get-harness.sh FOLDER
# They come from Debian's linux-source-6.1: the installed tarball, else the package, downloaded (139 MB) and thrown away
# again. LXA_LINUX_SOURCE names another tarball or .deb. Exit 4 when there is no way to get them, with the reason.
set -u
dest=$1
base=linux-source-6.1
files="$base/tools/testing/selftests/kselftest.h $base/tools/testing/selftests/kselftest_harness.h"

have() { [ -s "$dest/kselftest.h" ] && [ -s "$dest/kselftest_harness.h" ]; }
have && exit 0

mkdir -p "$dest"
work=$(mktemp -d "$dest/work.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT

# Only whole files reach the folder: they are moved into it when both are there.
unpack() { # a .tar.xz on stdin
	# --occurrence: stop reading at the second file, most of the tarball comes after it (so what writes to us is cut off)
	# shellcheck disable=SC2086
	tar -xJf - -C "$work" --strip-components=4 --occurrence=1 $files 2>/dev/null
	[ -s "$work/kselftest.h" ] && [ -s "$work/kselftest_harness.h" ] &&
		mv "$work/kselftest.h" "$work/kselftest_harness.h" "$dest/"
}

unpack_any() {
	case $1 in
	*.deb) dpkg-deb --fsys-tarfile "$1" 2>/dev/null | tar -xOf - ./usr/src/$base.tar.xz | unpack ;;
	*) unpack <"$1" ;;
	esac
}

for source in "${LXA_LINUX_SOURCE:-}" /usr/src/$base.tar.xz; do
	[ -f "$source" ] && unpack_any "$source" && exit 0
done
if command -v apt-get >/dev/null && (cd "$work" && timeout 300 apt-get -q download $base) >"$work/log" 2>&1; then
	unpack_any "$work"/$base*.deb && exit 0
	echo "SKIP: $base has no harness headers that could be read"
	exit 4
fi
echo "SKIP: no kernel test harness: apt install $base, or be online once (apt-get download said: $(tail -n 1 "$work/log" 2>/dev/null))"
exit 4
