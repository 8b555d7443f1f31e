#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# Inside the guest: the path of a job (../bench/bench_path.c) on the PCI bus, and the goal for a null job, in round trips of a
# register access. Missing the goal is a figure, not a failure.
goal=10
echo "KTAP version 1"
insmod "/build/kernel/$lxa_kernel/module/lxa.ko" && timeout 120 /build/tests/bench/bench-path -s "$lxa_seconds" >/tmp/bench
rc=$?
sed 's/^/# /' /tmp/bench
ratio=$(sed -n 's/.*null job [0-9.]* calls, \([0-9.]*\) register accesses.*/\1/p' /tmp/bench)
[ $rc = 0 ] && [ "$ratio" ] || { echo "not ok 1 bench-path"; exit 1; }
busybox awk -v r="$ratio" -v g=$goal 'BEGIN { print "# goal: a null job in " g " register accesses: " (r <= g ? "met" : "MISSED") ", " r }'
echo "ok 1 bench-path"
