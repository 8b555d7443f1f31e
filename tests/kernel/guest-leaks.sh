#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# Inside the guest: does kmemleak know memory that nobody points to?
#   guest-leaks.sh before         forget what the kernel has lost by itself while booting (the device tree's names)
#   guest-leaks.sh after          with everything unloaded: list what has been lost since, and fail
# What is younger than five seconds does not count for kmemleak, and a first scan may miss what a second one finds.
leaks=/sys/kernel/debug/kmemleak
sleep 6
echo scan >$leaks
sleep 1
echo scan >$leaks
[ "$1" = after ] || { echo clear >$leaks; exit 0; }
cat $leaks
! grep -q . $leaks
