#!/bin/sh
# SPDX-License-Identifier: MIT
# Boot the driver in User Mode Linux against the simulated device.
#   lane.sh JOB [plain|san|gcov]      JOB: test (guest-test.sh), shell (guest-shell.sh), seeded (guest-seeded.sh), bench (guest-bench.sh)
# Environment: B build folder, ENGINE rtl (default) or model, LXA_LANE_TIME seconds for the guest, MEM its memory,
# SECONDS_EACH for each line of bench (1).
# Exit 0 passed, 4 skipped (the last line says why), else failed. The guest's KTAP goes to stdout, its kernel log to
# $B/kernel/FLAVOUR/out/dmesg, everything it printed to $B/kernel/FLAVOUR/console.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
job=$1
flavour=${2:-plain}
B=${B:-build}
engine=${ENGINE:-rtl}
case $B in /*) ;; *) B=$top/$B ;; esac
work=$B/kernel/$flavour
out=$work/out
case $flavour in
plain) mem=256M slow=1 time=300 ;;
*) mem=768M slow=5 time=1200 ;;
esac

say() { echo "# $*"; }
fail() { echo "FAIL: $*"; exit 1; }
needs() { [ -e "$1" ] || { echo "SKIP: $1 is not there: ./packages.sh kernel"; exit 4; }; }

needs /bin/busybox
[ -x "$B/lxa" ] || fail "$B/lxa is not built"
kernel=$(tests/kernel/build-kernel.sh "$flavour") || { rc=$?; echo "$kernel"; exit $rc; }

# ---- modules -------------------------------------------------------------------------------------------------------------
# MAKEFLAGS of an outer make (B=, SAN=) would win over ours.
km() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS make --no-print-directory "$@"; }
mkdir -p "$work" "$out"
rm -rf "$out" "$work/modules"
mkdir -p "$out" "$work/modules"
cov=
[ "$flavour" != gcov ] || cov=GCOV_PROFILE=y
# shellcheck disable=SC2086
km B="$work" KDIR="$kernel" KARCH=um $cov module >"$work/module.log" 2>&1 || { cat "$work/module.log"; fail "the module does not build"; }
cp tests/kernel/modules/* "$work/modules/"
km -C "$kernel" ARCH=um M="$work/modules" modules >"$work/modules.log" 2>&1 || { cat "$work/modules.log"; fail "the test modules do not build"; }

# ---- an almost empty root ------------------------------------------------------------------------------------------------
root=$work/root
if [ ! -x "$root/init" ] || ! cmp -s tests/kernel/init "$root/init"; then
	rm -rf "$root"
	mkdir -p "$root/bin" "$root/usr" "$root/proc" "$root/sys" "$root/dev" "$root/tmp" "$root/lxa" "$root/build" "$root/out" "$root/etc"
	ln -s usr/lib "$root/lib"
	ln -s usr/lib64 "$root/lib64"
	cp /bin/busybox "$root/bin/"
	for a in sh mount umount poweroff dmesg insmod rmmod lsmod hostname timeout cttyhack setsid vi; do ln -s busybox "$root/bin/$a"; done
	echo 'root:x:0:0:root:/tmp:/bin/sh' >"$root/etc/passwd"
	cp tests/kernel/init "$root/init"
	chmod 755 "$root/init"
fi

# ---- the device --------------------------------------------------------------------------------------------------------------
# A short path (a socket's name has 107 bytes), and a place for UML's own files.
run=$(mktemp -d "${TMPDIR:-/tmp}/lxa.XXXXXX") || exit 1
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$run"' EXIT
trap 'exit 130' INT TERM HUP
"$B/lxa" sim --serve "$run/sock" --engine "$engine" --once >"$work/server.log" 2>&1 &
server=$!
i=0
while [ ! -S "$run/sock" ]; do
	i=$((i + 1))
	kill -0 $server 2>/dev/null && [ $i -lt 100 ] || { cat "$work/server.log"; fail "the server does not start"; }
	sleep 0.1
done

# The tree for the platform path: that of the simulator. "disabled" keeps the kernel from making a device without registers of it.
cp "$B/sim/lxa.dtb" "$work/lxa.dtb" && fdtput -t s "$work/lxa.dtb" /lxa engine "$engine" && fdtput -t s "$work/lxa.dtb" /lxa status disabled ||
	fail "the device tree"

# ---- the kernel --------------------------------------------------------------------------------------------------------------
set -- "mem=${MEM:-$mem}" "virtio_uml.device=$run/sock:1234" "dtb=$work/lxa.dtb" root=/dev/root rootfstype=hostfs \
	"rootflags=$root" ro init=/init panic=-1 noreboot "uml_dir=$run" umid=lxa \
	"lxa_top=$top" "lxa_build=$B" "lxa_out=$out" "lxa_job=$job" "lxa_kernel=$flavour" "lxa_engine=$engine" "lxa_slow=$slow" \
	"lxa_seconds=${SECONDS_EACH:-1}"
if [ "$job" = shell ]; then
	[ -t 0 ] || fail "a shell wants a terminal"
	saved=$(stty -g)
	"$kernel/linux" "$@" quiet con=null con0=fd:0,fd:1
	rc=$?
	stty "$saved"
else
	timeout -k 5 "${LXA_LANE_TIME:-$time}" "$kernel/linux" "$@" con=null con0=null,fd:1 </dev/null >"$work/console" 2>"$work/console.err"
	rc=$?
	tr -d '\r' <"$work/console" | sed -n '/^KTAP version/,$p' | grep -vE '^\[ *[0-9]+\.[0-9]+\]'
fi
i=0
while kill -0 $server 2>/dev/null && [ $i -lt 50 ]; do i=$((i + 1)); sleep 0.1; done
[ "$job" = shell ] || sed 's/^/# server: /' "$work/server.log"
[ "$job" != shell ] || exit $rc

# ---- the verdict --------------------------------------------------------------------------------------------------------------
case $rc in
0) ;;
124 | 137) tail -n 30 "$work/console"; fail "the guest was not done in ${LXA_LANE_TIME:-$time} s" ;;
*) tail -n 40 "$work/console"; fail "the guest's kernel ended with exit code $rc" ;;
esac
[ -s "$out/dmesg" ] || { tail -n 30 "$work/console"; fail "no kernel log"; }
if [ "$job" = seeded ]; then
	tests/kernel/check-log.sh "$out/dmesg" >"$work/complaints"
	for mark in "KASAN: use-after-free" "possible circular locking" "DMA-API.*failed to check map error"; do
		grep "$mark" "$work/complaints" || fail "the checkers missed a seeded mistake: $mark"
	done
else
	tests/kernel/check-log.sh "$out/dmesg" || fail "the kernel's log"
fi
grep -q "^# guest-$job.sh: exit 0" "$work/console" || fail "tests failed, or did not end"
echo "PASS: $flavour kernel $(sed -n 's/.*Linux version \([^ ]*\).*/\1/p' "$out/dmesg" | head -n 1), engine $engine"
