#!/bin/sh
# SPDX-License-Identifier: MIT
# The recipe of the digits network gives the shipped file, byte for byte (about a minute).
#   B: the build folder
set -eu
cd "$(dirname "$0")/../.."
: "${B:=build}"
[ -s "$B/data/digits.csv.gz" ] || { echo "no digits: make $B/data/digits.csv.gz fetches them"; exit 4; }
grep -qw avx2 /proc/cpuinfo || { echo "oneDNN sums in another order on a machine without AVX2"; exit 4; }
out=$(mktemp)
trap 'rm -f "$out"' EXIT
"$B/lxa-train" --data digits --data-dir "$B/data" --out "$out" --quiet
cmp "$out" userspace/models/digits-lxa.onnx
