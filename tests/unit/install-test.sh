#!/bin/sh
# SPDX-License-Identifier: MIT
# make install into a folder of its own: the examples are built there with nothing but pkg-config, against the shared and the
# static library, in C, and run; the command runs; all of that where the source tree cannot be seen. make uninstall leaves nothing.
# Environment: B build folder, MAKE.
set -u
cd "$(dirname "$0")/../.." || exit 1
top=$PWD
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
fails=0 n=0

check() { # what, command...
	what=$1 n=$((n + 1))
	shift
	if "$@" >"$tmp/out" 2>&1; then
		echo "ok $n - $what"
	else
		echo "not ok $n - $what"
		sed 's/^/#	/' "$tmp/out"
		fails=$((fails + 1))
	fi
}

args="B=$B DESTDIR=$tmp/root PREFIX=/opt/lxa libdir=/opt/lxa/lib64"
check "make install" ${MAKE:-make} --no-print-directory install-built $args
root=$tmp/root/opt/lxa
for f in bin/lxa lib64/liblxa.so lib64/liblxa.a lib64/liblxa-preload.so lib64/pkgconfig/liblxa.pc include/lxa/lxa.h \
	include/lxa/uapi/lxa.h include/lxa/uapi/lxa_layout.h share/man/man1/lxa.1 share/man/man4/lxa.4 \
	share/doc/liblxa/examples/Makefile share/lxa/models/digits-lxa.onnx; do
	check "$f is there" test -s "$root/$f"
done
check "no header or pc file names the source tree" sh -c "! grep -rl '$top' '$root/include' '$root/lib64/pkgconfig'"

# What a program's author does, in a copy of the installed examples.
cat >"$tmp/work.sh" <<'EOF'
set -eu
root=$1 tmp=$2
export PKG_CONFIG_PATH=$root/lib64/pkgconfig PKG_CONFIG_SYSROOT_DIR=$tmp/root LD_LIBRARY_PATH=$root/lib64
[ "$(pkg-config --modversion liblxa)" ]
for kind in shared static; do
	cp -r "$root/share/doc/liblxa/examples" "$tmp/$kind"
	make -s -C "$tmp/$kind" $([ $kind = static ] && echo STATIC=1) MAKEFLAGS=
done
ldd "$tmp/shared/classify" | grep -q "liblxa.so.1 => $root"
! ldd "$tmp/static/classify" | grep liblxa
# the two libraries at once, as `pkg-config --static` alone gives them
cc $(pkg-config --cflags --libs --static liblxa) -o "$tmp/both" "$tmp/shared/classify.c" $(pkg-config --libs --static liblxa)
cd "$tmp"
for kind in shared static; do
	for engine in cpu sim:model sim:rtl; do
		./$kind/classify "$root/share/lxa/models/digits-lxa.onnx" $engine <images.csv | tee said
		grep -q '20 of 20 right.* 0 of' said
	done
done
LD_PRELOAD=liblxa-preload.so ./shared/raw_ioctl | grep "= 22"
for kind in shared static; do
	./$kind/layer sim:rtl | grep "the same\$"
	./$kind/async sim:model 50 | grep "^50 frames"
	./$kind/threads "$root/share/lxa/models/digits-lxa.onnx" sim:model 2 | grep " 0 differ"
done
"$root/bin/lxa" info --engine rtl | grep -q LXA
"$root/bin/lxa" run "$root/share/lxa/models/digits-lxa.onnx" --data "$tmp" --limit 20 --engine rtl | grep 'bit for bit  *equal'
for f in $(nm -D --defined-only "$root/lib64/liblxa.so" | awk '$2 == "T" { sub("@.*", "", $3); print $3 }'); do
	page=$root/share/man/man3/$f.3	# the page that has it, or a line that leads there
	so=$(sed -n 's/^\.so //p' "$page")
	[ -z "$so" ] || page=$root/share/man/$so
	grep -qx "\.Fo $f" "$page"
done
EOF
cp "$B/data/digits.csv.gz" "$tmp/"
zcat "$B/data/digits.csv.gz" | awk 'NR % 5 == 0' | head -n 20 >"$tmp/images.csv"
if unshare -rm true 2>/dev/null; then
	# the source tree and the build folder are empty in there
	echo "mount -t tmpfs none '$top' && mount -t tmpfs none '$(realpath "$B")' 2>/dev/null; cd /; exec sh '$tmp/work.sh' '$root' '$tmp'" >"$tmp/hide.sh"
	check "examples and command, the source tree hidden" unshare -rm sh "$tmp/hide.sh"
else
	check "examples and command (no mount namespaces here: the source tree is in sight)" sh "$tmp/work.sh" "$root" "$tmp"
fi

# A build for another processor is refused by name, not by an illegal instruction.
echo 'extern const char *rtl_cpu_lacks(void); int puts(const char *); int main(void) { return puts(rtl_cpu_lacks() ?: "nothing") < 0; }' >"$tmp/cpu.c"
lacks() { # words expected, flag
	${CC:-cc} "$2" -I"$B/sim" -o "$tmp/cpu" "$tmp/cpu.c" sim/rtl_cpu.c && "$tmp/cpu" | grep -x "$1"
}
check "this processor has what the RTL engine was compiled for" lacks nothing -O2
check "a feature that no processor of today has is named" lacks avx5124fmaps '-DLXA_RTL_NEEDS=NEED("avx5124fmaps")'

check "make uninstall" ${MAKE:-make} --no-print-directory uninstall $args
check "nothing is left" sh -c "! find '$tmp/root' ! -type d | grep ."
check "no folder of ours is left" sh -c "! find '$tmp/root' -type d -path '*lxa/*lxa*' | grep ."
[ $fails = 0 ]
