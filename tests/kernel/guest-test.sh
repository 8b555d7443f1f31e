#!/bin/busybox sh
# SPDX-License-Identifier: MIT
# Inside the guest: the driver on both buses, KTAP on stdout. Environment (kernel command line): lxa_slow, a factor for time limits.
N=0
FAILED=0
SKIPPED=0
MODULE=/build/kernel/$lxa_kernel/module/lxa.ko
BRIDGE=/build/kernel/$lxa_kernel/modules/lxa_bridge.ko
KMEMLEAK=/sys/kernel/debug/kmemleak
GCOV=/sys/kernel/debug/gcov

result() { # exit code, name
	N=$((N + 1))
	case $1 in
	0) echo "ok $N $2" ;;
	4)
		SKIPPED=$((SKIPPED + 1))
		echo "ok $N $2 # SKIP $(sed -n 's/.*SKIP //p' /tmp/log | head -n 1)"
		;;
	*) echo "not ok $N $2"; FAILED=$((FAILED + 1)) ;;
	esac
}

check() { # name, command...: its output becomes the subtest's
	name=$1
	shift
	"$@" >/tmp/log 2>&1
	rc=$?
	sed 's/^/    /' /tmp/log
	result $rc "$name"
}

limit() { secs=$1; shift; timeout $((secs * ${lxa_slow:-1})) "$@"; }
user="/usr/bin/setpriv --reuid 65534 --regid 65534 --clear-groups"

wait_for() { # file: the driver's probe is done when insmod returns; what follows (devtmpfs) nearly
	i=0
	while [ ! -e "$1" ] && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1; done
	[ -e "$1" ] || { echo "$1 did not appear"; return 1; }
}

is_bus() { # bus: /dev/lxa0 is there, for everybody, and hangs on that bus
	wait_for /dev/lxa0 || return 1
	bus=$(basename "$(readlink -f /sys/class/misc/lxa0/device/subsystem)")
	mode=$(stat -c %a /dev/lxa0)
	echo "/dev/lxa0: bus $bus, driver $(basename "$(readlink -f /sys/class/misc/lxa0/device/driver)"), mode $mode"
	[ "$bus" = "$1" ] && [ "$mode" = 666 ]
}

info() { # the library finds the device by itself, and its engine is the server's
	unset LXA_DEVICE
	/build/lxa info | tee /tmp/info
	grep -q "^/dev/lxa0: LXA, engine $lxa_engine" /tmp/info
}

digits() { # every image, bit for bit against the CPU's kernels
	limit 60 $user /build/lxa run userspace/models/digits-lxa.onnx --data /build/data --device /dev/lxa0 --json /tmp/run.json || return
	cp /tmp/run.json "/out/digits-$1.json"
}

rebind() { # the driver lets go of an open device, and takes it again
	dev=$(readlink -f /sys/class/misc/lxa0/device)
	drv=$(readlink -f "$dev/driver")
	exec 7<>/dev/lxa0 || return 1
	echo "${dev##*/}" >"$drv/unbind"
	[ ! -e /dev/lxa0 ] || { echo "/dev/lxa0 is still there"; return 1; }
	dd if=/proc/self/fd/7 of=/dev/null bs=4096 count=1 2>&1 && { echo "a read from the removed device works"; return 1; }
	exec 7<&-
	echo "${dev##*/}" >"$drv/bind"
	wait_for /dev/lxa0 && /build/lxa info >/tmp/info && head -n 1 /tmp/info
}

programs() { # the UAPI tests: once as root, once as nobody
	for t in $programs_here; do
		check "$1: $t" limit 120 "/build/tests/kselftest/$t"
		check "$1: $t, unprivileged" limit 120 $user "/build/tests/kselftest/$t"
	done
}

# The kernel keeps one coredump a device until somebody writes to it or five minutes are over.
DUMPS=/sys/class/devcoredump

no_dump() {
	for d in $DUMPS/devcd*; do [ ! -e "$d/data" ] || echo 1 >"$d/data"; done
	i=0
	while [ -e "$(echo $DUMPS/devcd*)" ] && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1; done
	[ ! -e "$(echo $DUMPS/devcd*)" ] || { echo "still there: $(echo $DUMPS/devcd*)"; return 1; }
}

coredump() { # the driver leaves one of a hang, of this device; it names the job; written to, it is gone
	ms=/sys/module/lxa/parameters/timeout_ms
	[ -e $DUMPS/disabled ] || { echo "a kernel without coredumps"; return 1; }
	no_dump || return 1			# those of the tests before
	before=$(cat $ms)
	echo 200 >$ms
	limit 60 /build/tests/kernel/fault_job hang
	rc=$?
	echo "$before" >$ms
	[ $rc = 0 ] || return 1
	dump=$(echo $DUMPS/devcd*)
	[ -e "$dump/data" ] || { echo "no coredump"; return 1; }
	[ "$(readlink -f "$dump/failing_device")" = "$(readlink -f /sys/class/misc/lxa0/device)" ] || { echo "of another device"; return 1; }
	cat "$dump/data" >/tmp/core || return 1
	/build/lxa coredump /tmp/core >/tmp/core.txt || return 1
	sed -n 1,12p /tmp/core.txt
	grep -q "^cause  *hang: no progress for 0\.[2-9].*(timeout_ms 200)" /tmp/core.txt || { echo "not the cause"; return 1; }
	grep -q "^guilty  *job seq .* user 0xc0ffee1234: ends with ETIMEDOUT" /tmp/core.txt || { echo "not the guilty job"; return 1; }
	grep -q "OP=CONV" /tmp/core.txt && grep -q "IN_H=6 IN_W=7" /tmp/core.txt || { echo "not its descriptor"; return 1; }
	no_dump
}

storm() { # interrupts that bring nothing, one after the other: the driver switches them off, says so, and works on
	dmesg >/tmp/before
	limit 60 /build/tests/kernel/fault_job storm 9900 || return 1
	i=0
	while dmesg | tail -n "+$(($(wc -l </tmp/before) + 1))" >/tmp/since && ! grep -q "interrupt storm: 1000 in a row" /tmp/since; do
		i=$((i + 1))
		[ $i -lt $((200 * ${lxa_slow:-1})) ] || { echo "no word of a storm"; return 1; }
		sleep 0.1
	done
	limit 60 /build/tests/kernel/fault_job calm && grep "interrupt storm" /tmp/since
}

suite() { # bus
	check "$1: the driver finds the device" is_bus "$1"
	check "$1: lxa info" info
	programs "$1"
	check "$1: coredump of a hang" coredump
	check "$1: interrupt storm" storm
	check "$1: lxa run, digits" digits "$1"
	check "$1: unbind while open, bind" rebind
	check "$1: lxa run after that" digits "$1"
}

programs_here=$(cd /build/tests/kselftest && for f in lxa_*; do [ -x "$f" ] && [ -f "$f" ] && case $f in *.*) ;; *) echo "$f" ;; esac; done)

echo "KTAP version 1"
[ ! -e "$KMEMLEAK" ] || /lxa/tests/kernel/guest-leaks.sh before
check "insmod lxa.ko" insmod "$MODULE"
suite pci
check "rmmod" rmmod lxa
check "insmod lxa_bridge.ko" insmod "$BRIDGE"
check "insmod lxa.ko behind the bridge" insmod "$MODULE"
suite platform
check "rmmod with the device there" rmmod lxa
check "rmmod lxa_bridge" rmmod lxa_bridge
check "insmod and rmmod without a device" sh -c "echo 1 >/sys/bus/pci/devices/0000:00:00.0/remove && insmod $MODULE && rmmod lxa"
[ ! -e "$KMEMLEAK" ] || check "kmemleak" /lxa/tests/kernel/guest-leaks.sh after
if [ -d $GCOV ]; then
	mkdir -p /out/gcov
	find $GCOV -name "*.gcda" | while read -r f; do cat "$f" >"/out/gcov/${f##*/}"; done
fi
echo "1..$N"
echo "# $((N - FAILED - SKIPPED)) passed, $FAILED failed, $SKIPPED skipped"
[ $FAILED = 0 ]
