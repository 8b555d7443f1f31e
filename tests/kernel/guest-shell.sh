#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# Inside the guest: the driver loaded, and a shell.
insmod "/build/kernel/$lxa_kernel/module/lxa.ko"
dmesg | grep 'lxa' | tail -n 3
ln -s /build/lxa /tmp/lxa
export PATH="/build:$PATH" PS1='uml# '
cat <<'END'

User Mode Linux with the simulated device as /dev/lxa0. /lxa is the source tree, /build the build folder, both read only.
  lxa info
  lxa run userspace/models/digits-lxa.onnx --data /build/data
  build/tests/kselftest/lxa_job
  cat /proc/interrupts
`exit' powers off.
END
setsid cttyhack sh
