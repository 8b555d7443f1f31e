#!/bin/sh
# SPDX-License-Identifier: MIT
# Build a User Mode Linux kernel from Debian's linux-source-6.1, once; print the folder it is in (the last line of stdout).
#   build-kernel.sh plain|san|gcov
# Kernels are kept in ${XDG_CACHE_HOME:-~/.cache}/lxa, keyed by source version, configuration and compiler; the unpacked
# source (1.5 GB) is shared between them. Progress goes to stderr. Exit 4: what is missing, as the last line of stdout.
set -u
here=$(cd "$(dirname "$0")" && pwd)
flavour=${1:-plain}
tarball=${LXA_LINUX_SOURCE:-/usr/src/linux-source-6.1.tar.xz}
cache=${XDG_CACHE_HOME:-${HOME:-/nonexistent}/.cache}/lxa
jobs=${LXA_KERNEL_JOBS:-$(nproc)}

say() { echo "build-kernel: $*" >&2; }
skip() { echo "SKIP: $*"; exit 4; }
fail() { say "$*"; exit 1; }

case $flavour in
plain) configs=uml ;;
san) configs="uml san" ;;
gcov) configs="uml gcov" ;;
*) fail "no kernel '$flavour': plain, san or gcov" ;;
esac
[ -r "$tarball" ] || skip "no kernel source $tarball: ./packages.sh kernel installs it (package linux-source-6.1)"
for tool in flex bison bc make gcc; do
	command -v $tool >/dev/null || skip "$tool is not installed: ./packages.sh kernel installs it"
done
mkdir -p "$cache" 2>/dev/null || skip "cannot make $cache: set XDG_CACHE_HOME to a folder that you may write"

version=$(dpkg-query -W -f '${Version}' linux-source-6.1 2>/dev/null)
[ -n "$version" ] && [ "$tarball" = /usr/src/linux-source-6.1.tar.xz ] || version=$(stat -c %s-%Y "$tarball")
frag=$(for c in $configs; do cat "$here/config/$c.config"; done)
key=$(printf '%s\n%s\n%s\n' "$version" "$frag" "$(gcc --version | head -n 1)" | sha256sum | cut -c1-12)
src=$cache/linux-$version
out=$cache/uml-$flavour-$key
[ ! -e "$out/.complete" ] || { echo "$out"; exit 0; }

# Whoever builds holds the lock; a second one waits and then finds it done.
exec 9>"$cache/lock"
flock -n 9 || { say "another build is under way: waiting for it"; flock 9; }
[ ! -e "$out/.complete" ] || { echo "$out"; exit 0; }

if [ ! -e "$src/.complete" ]; then
	say "unpacking $tarball into $src (1.5 GB, half a minute)"
	rm -rf "$src"
	mkdir -p "$src"
	tar -xJf "$tarball" -C "$src" --strip-components=1 || fail "cannot unpack $tarball"
	touch "$src/.complete"
fi

# ---- the kernel --------------------------------------------------------------------------------------------------------
km() { env -u MAKEFLAGS -u MAKELEVEL -u MFLAGS -u B -u SAN nice make -C "$src" ARCH=um O="$out" "$@"; }
rm -rf "$out"
mkdir -p "$out"
printf '%s\n' "$frag" >"$out/frag.config"
km KCONFIG_ALLCONFIG="$out/frag.config" allnoconfig >"$out/config.log" 2>&1 </dev/null || { tail "$out/config.log" >&2; fail "allnoconfig"; }
# What Kconfig has dropped is a mistake in our fragments: say it now, not when a test is blind.
dropped=$(printf '%s\n' "$frag" | grep '=y$' | grep -vxFf "$out/.config")
[ -z "$dropped" ] || fail "Kconfig does not take these options: $dropped"
say "building the $flavour kernel in $out: once, two to five minutes on two idle cores"
start=$(date +%s)
km -j"$jobs" linux modules_prepare 2>"$out/build.err" </dev/null |
	awk -v to="$out/build.log" '{ print >to } NR % 200 == 0 { print "build-kernel: " NR " files"; fflush() }' >&2
[ -x "$out/linux" ] || { tail -n 20 "$out/build.err" >&2; fail "the kernel does not build: $out/build.log, build.err"; }
[ -e "$out/Module.symvers" ] || cp "$out/vmlinux.symvers" "$out/Module.symvers"
touch "$out/.complete"
say "built in $(($(date +%s) - start)) s, $(du -sm "$out" | cut -f1) MB"
echo "$out"
