#!/bin/sh
# SPDX-License-Identifier: MIT
# Make sure the Debian packages that LXA builds on are there.
#   packages.sh run     what `make run` needs
#   packages.sh test    what `make test` needs as well
#   packages.sh long    what `make test-long` needs as well
#   packages.sh kernel  what `make kernel-test` and the other targets with kernels need as well
#   packages.sh list    the table of packages and reasons
# Installs what is missing as root or by sudo; otherwise prints the one line to type and exits with 1.
set -eu

packages() {
	cat <<-'LIST'
	run  gcc                  C compiler
	run  g++                  compiles the C++ that Verilator makes
	run  libc6-dev            C library headers
	run  verilator            turns the RTL into a simulator
	run  device-tree-compiler the simulated device is described by a device tree
	run  libfdt-dev           reads that tree
	run  libdnnl-dev          oneDNN: the standard operators on the CPU, forward and backward
	run  protobuf-c-compiler  C code for ONNX files
	run  libprotobuf-c-dev    its run-time library
	run  libonnx-dev          onnx.proto, the format's definition
	run  zlib1g-dev           gzip'ed data sets; waveforms
	run  ca-certificates      apt over https
	test libcmocka-dev        unit tests
	test linux-headers-amd64  the driver as a kernel module
	test kmod                 modinfo on that module
	test sparse               static checks of the driver
	test yosys                reads the RTL as a synthesis tool does
	test xz-utils             unpacks the kernel's own test harness
	test dwarves              pahole: the layout of the structs shared with user space
	test mandoc               checks the manual pages
	test pkgconf              what is installed is found by pkg-config
	long clang                libFuzzer
	long libclang-rt-14-dev   its run-time library
	kernel linux-source-6.1     the kernel that the driver runs in, in User Mode Linux
	kernel flex                 its build
	kernel bison                its build
	kernel bc                   its build
	kernel libelf-dev           its build
	kernel busybox-static       the programs in it
	kernel qemu-system-x86      boots Debian's own kernels to load the module there
	kernel dkms                 checks driver/dkms.conf
	LIST
}

missing() { # set...
	for want in "$@"; do
		packages | awk -v s="$want" '$1 == s { print $2 }'
	done | while read -r p; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed || printf '%s ' "$p"
	done
}

case "${1:-}" in
run) sets=run ;;
test) sets="run test" ;;
long) sets="run test long" ;;
kernel) sets="run test kernel" ;;
list) packages; exit 0 ;;
*) echo "usage: packages.sh run|test|long|kernel|list" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
	echo "packages.sh: not a Debian system; install the equivalents of:" >&2
	for s in $sets; do packages | awk -v s="$s" '$1 == s { print "  " $2 }' >&2; done
	exit 1
fi
# shellcheck disable=SC2086
need=$(missing $sets)
[ -n "$need" ] || exit 0

as_root=
if [ "$(id -u)" != 0 ]; then
	if command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
		as_root=sudo
	else
		echo "These Debian packages are missing. As root, type:" >&2
		echo "  apt-get update && apt-get install -y --no-install-recommends $need" >&2
		exit 1
	fi
fi
echo "installing Debian packages: $need"
$as_root apt-get update -qq
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $need </dev/null
need=$(missing $sets)
if [ -n "$need" ]; then
	echo "packages.sh: still missing after the installation: $need" >&2
	exit 1
fi
