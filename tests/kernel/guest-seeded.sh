#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# Inside the guest: commit the mistakes of lxa_seeded.ko. lane.sh looks whether they were found.
/lxa/tests/kernel/guest-leaks.sh before
for bug in dma lock leak uaf; do
	insmod "/build/kernel/$lxa_kernel/modules/lxa_seeded.ko" bug=$bug || exit 1
	rmmod lxa_seeded
done
/lxa/tests/kernel/guest-leaks.sh after && exit 1
exit 0
