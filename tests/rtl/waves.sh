#!/bin/sh
# SPDX-License-Identifier: MIT
# The build that records waveforms: two images leave an FST file behind and the command ends cleanly.
#   environment: B build folder; exit 0 passed, else failed
set -e
cd "$(dirname "$0")/../.."
top=${B:-build}
env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 B="$top" waves "$top/data/digits.csv.gz"
fst=$top/waves/test.fst
rm -f "$fst"
"$top/waves/lxa" run userspace/models/digits-lxa.onnx --data "$top/data" --engine rtl --limit 2 --batch 1 --trace "$fst"
test -s "$fst"
