#!/bin/sh
# SPDX-License-Identifier: MIT
# As test-san.sh, with the thread sanitizer.
exec "$(dirname "$0")/test-san.sh" test-tsan
