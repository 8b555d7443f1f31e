#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$(dirname "$0")/long.sh" fuzz_ioctl_rtl fuzz_ioctl rtl
