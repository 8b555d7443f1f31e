#!/bin/sh
# SPDX-License-Identifier: MIT
# Put the headers and the image of a Debian kernel into a folder, without installing them; print the folder.
#   get-debian-kernel.sh list        what the configured repositories offer: META-PACKAGE RELEASE, one a line
#   get-debian-kernel.sh RELEASE     e.g. 6.1.0-56-cloud-amd64: headers in FOLDER/headers, kernel in FOLDER/vmlinuz
# Kept in ${XDG_CACHE_HOME:-~/.cache}/lxa. Progress goes to stderr. Exit 4: cannot be had, with the reason.
set -u
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/lxa
skip() { echo "SKIP: $*"; exit 4; }
depends() { apt-cache depends "$1" 2>/dev/null | sed -n 's/^ *Depends: \(linux-[a-z0-9].*\)/\1/p'; }

command -v apt-cache >/dev/null && command -v apt-get >/dev/null || skip "no apt here"
if [ "$1" = list ]; then
	apt-cache pkgnames linux-headers- | grep -E '^linux-headers-([0-9]+\.[0-9]+-)?((cloud|rt)-)?amd64$' | sort | while read -r meta; do
		release=$(depends "$meta" | sed -n 's/^linux-headers-//p' | head -n 1)
		[ -z "$release" ] || echo "$meta $release"
	done
	exit 0
fi

release=$1
out=$cache/debian-$release
[ ! -e "$out/.complete" ] || { echo "$out"; exit 0; }
mkdir -p "$cache" 2>/dev/null || skip "cannot make $cache: set XDG_CACHE_HOME to a folder that you may write"
work=$(mktemp -d "$cache/work.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM HUP
# The compiler package of the headers is an empty one; an image that the headers depend on (6.12) is the one we want anyway.
packages=$(depends "linux-headers-$release" | grep -E '^linux-(headers|kbuild)-')
[ -n "$packages" ] || skip "the repositories have no linux-headers-$release"
echo "fetching headers and image of $release (60 to 130 MB)" >&2
# shellcheck disable=SC2086
(cd "$work" && timeout 600 apt-get -q download "linux-headers-$release" $packages "linux-image-$release") >"$work/log" 2>&1 ||
	skip "download of $release: $(grep -m 1 '^E:' "$work/log")"
mkdir "$work/root"
for deb in "$work"/*.deb; do
	case $deb in
	*/linux-image-*) dpkg-deb --fsys-tarfile "$deb" | tar -xf - -C "$work/root" "./boot/vmlinuz-$release" ;;
	*) dpkg-deb -x "$deb" "$work/root" ;;
	esac || { echo "cannot unpack $deb" >&2; exit 1; }
done
rm -rf "$out"
mv "$work/root" "$out"
mv "$out/boot/vmlinuz-$release" "$out/vmlinuz"
ln -s "usr/src/linux-headers-$release" "$out/headers"
# The one absolute path in them.
sed -i "s|/usr/src/|$out/usr/src/|" "$out/headers/Makefile"
touch "$out/.complete"
echo "$out"
