#!/bin/sh
# SPDX-License-Identifier: MIT
# Real networks on all their test images.
#   environment: B build folder, LXA_DATA; exit 0 passed, 4 skipped, else failed
cd "$(dirname "$0")/../.." || exit 1
LXA_NETWORKS_LONG=1 exec "${B:-build}/tests/unit/networks_test"
