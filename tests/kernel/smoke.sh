#!/bin/sh
# SPDX-License-Identifier: MIT
# Boot a PC kernel in QEMU (no KVM needed) and load the module there. There is no LXA device, but one that is not LXA: QEMU's
# "edu" has registers in BAR 0 and an MSI, too, and the driver, made to look at it, has to refuse it.
#   smoke.sh VMLINUZ MODULE WORK-FOLDER        exit 0 passed, 4 skipped (the last line says why), else failed
set -u
vmlinuz=$1
module=$2
work=$3/smoke
qemu=qemu-system-x86_64
command -v $qemu >/dev/null || { echo "SKIP: $qemu is not installed: ./packages.sh kernel installs it"; exit 4; }
[ -x /bin/busybox ] || { echo "SKIP: busybox-static is not installed: ./packages.sh kernel installs it"; exit 4; }

rm -rf "$work"
mkdir -p "$work/root/bin" "$work/root/proc" "$work/root/sys" "$work/root/dev"
cp /bin/busybox "$work/root/bin/"
ln -s busybox "$work/root/bin/sh"
cp "$module" "$work/root/lxa.ko"
cat >"$work/root/init" <<'END'
#!/bin/busybox sh
say() { echo "smoke: $*"; }
try() { say "$*"; "$@" || say "FAILED: $*"; }
alias mount='busybox mount'
mount -t proc proc /proc
mount -t sysfs sys /sys
echo "smoke: $(busybox uname -r)"
try busybox insmod /lxa.ko
try test -d /sys/bus/pci/drivers/lxa
try test -d /sys/bus/platform/drivers/lxa
for p in timeout_ms hard_cap_ms bo_mb; do try test -r /sys/module/lxa/parameters/$p; done
echo 1234 11e8 >/sys/bus/pci/drivers/lxa/new_id
say "links: $(busybox ls /sys/bus/pci/drivers/lxa | busybox grep -c :)"
busybox dmesg | busybox grep -q 'not an LXA device' && say "refused what is not LXA"
try busybox rmmod lxa
try busybox insmod /lxa.ko timeout_ms=5
say "timeout_ms $(busybox cat /sys/module/lxa/parameters/timeout_ms)"
try busybox rmmod lxa
busybox dmesg | busybox grep -E 'WARNING|BUG|Oops|Call Trace|disagrees|Unknown symbol' && say "FAILED: the kernel complains"
say end
busybox poweroff -f
END
chmod 755 "$work/root/init"
(cd "$work/root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1) >"$work/initrd.gz"
timeout 180 $qemu -accel tcg -m 512 -nographic -no-reboot -nic none -device edu -kernel "$vmlinuz" -initrd "$work/initrd.gz" \
	-append "console=ttyS0 panic=-1 rdinit=/init" </dev/null >"$work/console" 2>&1
rc=$?
tr -d '\r' <"$work/console" | sed -n 's/.*\(smoke: .*\)/\1/p' >"$work/said"
cat "$work/said"
good() { grep -qx "smoke: $1" "$work/said" || { tail -n 20 "$work/console"; echo "FAIL: the guest did not say: $1"; exit 1; }; }
[ $rc = 0 ] || { tail -n 20 "$work/console"; echo "FAIL: QEMU ended with $rc (124: not done in 180 s)"; exit 1; }
! grep 'FAILED' "$work/said" || { echo "FAIL: see above"; exit 1; }
good "links: 0"
good "refused what is not LXA"
good "timeout_ms 5"
good end
echo "PASS: $(sed -n '1s/smoke: //p' "$work/said")"
