#!/bin/sh
# SPDX-License-Identifier: MIT
# Fetch the built-in data set: the digits.csv.gz of Debian's python3-sklearn. Nothing of that package is installed or
# run.
#   get-digits.sh FOLDER [DEB]     FOLDER/digits.csv.gz; DEB: a .deb that is here already, else apt-get downloads it
set -eu

member=./usr/lib/python3/dist-packages/sklearn/datasets/data/digits.csv.gz
[ $# -ge 1 ] && [ $# -le 2 ] || { echo "usage: get-digits.sh FOLDER [DEB]" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)/digits.csv.gz
[ ! -s "$out" ] || exit 0

tmp=$(mktemp -d "$1/fetch.XXXXXX")
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' HUP INT TERM
if [ $# = 2 ]; then
	deb=$2
else
	# apt's own sandbox user can't write to our folder: that is only a note, the download works.
	(cd "$tmp" && { apt-get download -qq python3-sklearn ||
		{ apt-get update -qq && apt-get download -qq python3-sklearn; }; }) >"$tmp/log" 2>&1 || {
		cat "$tmp/log" >&2
		echo "get-digits.sh: could not download the package python3-sklearn (as root: apt-get update)" >&2
		exit 1
	}
	deb=$(find "$tmp" -name 'python3-sklearn_*.deb' | head -n 1)
fi
# Unpack one member only, and let nobody see a half-written file.
dpkg-deb --fsys-tarfile "$deb" | tar -xOf - "$member" >"$tmp/digits" || {
	echo "get-digits.sh: $deb has no $member" >&2
	exit 1
}
gzip -t <"$tmp/digits"
mv "$tmp/digits" "$out"
