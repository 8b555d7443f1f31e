#!/bin/sh
# SPDX-License-Identifier: MIT
# Build the driver, the shim and the model with sanitizers, and run the UAPI and recovery tests so.
#   test-san.sh [TARGET]           environment: B build folder; exit 0 passed, else failed
cd "$(dirname "$0")/../.." || exit 1
# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
exec env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory -j2 B="${B:-build}" "${1:-test-san}"
