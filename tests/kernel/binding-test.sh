#!/bin/sh
# SPDX-License-Identifier: MIT
# The device-tree binding (driver/bindings/lxa,lxa-1.yaml) against what reads such trees: the simulator takes exactly the properties
# and the bounds that it states, the driver matches its compatible, sim/lxa.dts and the examples keep to it.
#   environment: B build folder; exit 0 passed, else failed
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}
yaml='driver/bindings/lxa,lxa-1.yaml'
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
n=0
bad=0
check() { # name, exit code
	n=$((n + 1))
	if [ "$2" = 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; bad=1; fi
}

# name, minimum, maximum, default of each number that the binding states ("-": not stated; -percent is one by its name)
awk '
/^properties:/ { on = 1; next }
/^[a-z]/ { on = 0 }
on && /^  [a-z#].*:/ { flush(); name = $1; sub(/:$/, "", name); lo = 0; hi = "4294967295"; def = "-"; u32 = name ~ /-percent$/ }
on && /uint32/ { u32 = 1 }
on && /^    minimum:/ { lo = $2 }
on && /^    maximum:/ { hi = $2 }
on && /^    default:/ { def = $2 }
function flush() { if (name != "" && u32) print name, lo, hi, def; name = "" }
END { flush() }' "$yaml" >"$tmp/numbers"
awk '/^properties:/ { on = 1; next } /^[a-z]/ { on = 0 } on && /^  [a-z#].*:/ { sub(/:.*/, ""); print $1 }' "$yaml" | sort >"$tmp/names"

# ---- the simulator
sed -n 's/.*get_u32(dtb, node, "\([^"]*\)".*/\1/p' sim/tree.c | sort >"$tmp/read"
cut -d' ' -f1 "$tmp/numbers" | sort | cmp -s - "$tmp/read"
check "the simulator reads the numbers that the binding has, no other: $(wc -l <"$tmp/read")" $?
[ "$(wc -l <"$tmp/read")" -ge 5 ]
check "that list is not empty" $?

takes() { # property lines: 0 when the simulator accepts a node with them
	printf '/dts-v1/;\n/ { lxa { compatible = "lxa,lxa-1"; %s }; };\n' "$1" >"$tmp/t.dts"
	dtc -q -I dts -O dtb -o "$tmp/t.dtb" "$tmp/t.dts" || return 2
	"$B/lxa" info --device "sim:model,dtb=$tmp/t.dtb" >"$tmp/log" 2>&1
}
while read -r name lo hi def; do
	takes "$name = <$lo>;"
	check "$name = $lo, its minimum" $?
	takes "$name = <$hi>;"
	check "$name = $hi, its maximum" $?
	if [ "$lo" != 0 ]; then
		takes "$name = <$((lo - 1))>;"
		[ $? = 1 ] && grep -q "$name" "$tmp/log"
		check "$name = $((lo - 1)) is refused, by name" $?
	fi
	if [ "$hi" != 4294967295 ]; then
		takes "$name = <$((hi + 1))>;"
		[ $? = 1 ] && grep -q "$name" "$tmp/log"
		check "$name = $((hi + 1)) is refused, by name" $?
	fi
	field=$(sed -n "s/.*\"$name\", .*&cfg->\([a-z_]*\),.*/\1/p" sim/tree.c)
	got=$(sed -n "s/.*\.$field = \([0-9]*\).*/\1/p" sim/tree.c | head -n 1)
	[ "${got:-0}" = "$def" ]
	check "$name is $def where it is missing" $?
done <"$tmp/numbers"
serves() { # property lines: what `lxa sim` says of a device with them
	takes "$1"
	timeout -s INT 1 "$B/lxa" sim --serve "$tmp/sock" --dtb "$tmp/t.dtb" 2>&1
}
for e in rtl model; do
	serves "engine = \"$e\";" | grep -q "engine $e"
	check "engine = $e" $?
done
serves 'engine = "fast";' | grep -q 'engine.*"fast", not "rtl" or "model"'
check "another engine is refused, by name" $?

# ---- the driver
compatible=$(sed -n 's/^    const: //p' "$yaml")
grep -q "\.compatible = \"$compatible\"" driver/lxa_platform.c
check "the driver matches $compatible" $?
for p in $(sed -n 's/.*device_property_read_[a-z0-9]*([a-z]*, "\([^"]*\)".*/\1/p' driver/*.c); do
	grep -qx "$p" "$tmp/names"
	check "$p, which the driver reads, is in the binding" $?
done

# ---- trees
keeps() { # dtb: all properties of its lxa node are in the binding
	dtc -q -I dtb -O dts "$1" | awk '/compatible = "lxa,lxa-1"/ { hit = 1 } { line[NR] = $0 }
		/\{/ { start = NR } /\};/ { if (hit) { for (i = start + 1; i < NR; i++) print line[i]; exit } }' |
		sed -n 's/^[ \t]*\([a-z#][a-z0-9,#-]*\)\( =.*\)\{0,1\};.*/\1/p' | sort -u >"$tmp/used"
	[ -s "$tmp/used" ] && [ -z "$(comm -23 "$tmp/used" "$tmp/names")" ]
}
dtc -q -I dts -O dtb -o "$tmp/sim.dtb" sim/lxa.dts && keeps "$tmp/sim.dtb"
check "sim/lxa.dts keeps to the binding" $?

# Each example as the child of a node with one cell each, as the schema tools wrap it.
awk -v dir="$tmp" '
/^examples:/ { on = 1; next }
on && /^  - \|/ { k++; next }
on && k && !/#include/ { print substr($0, 5) > (dir "/example" k ".txt") }' "$yaml"
for e in "$tmp"/example*.txt; do
	{
		echo '/dts-v1/; / { #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>; '
		echo 'gic: interrupt-controller { interrupt-controller; #interrupt-cells = <3>; #address-cells = <0>; };'
		sed 's/GIC_SPI/0/; s/IRQ_TYPE_LEVEL_HIGH/4/' "$e"
		echo '};'
	} >"$tmp/e.dts"
	dtc -I dts -O dtb -o "$tmp/e.dtb" "$tmp/e.dts" 2>"$tmp/log" && [ ! -s "$tmp/log" ] && keeps "$tmp/e.dtb" || { cat "$tmp/log" "$tmp/used"; false; }
	check "$(basename "$e" .txt) compiles without a warning and keeps to the binding" $?
done
[ "$(ls "$tmp"/example*.txt | wc -l)" = 2 ]
check "both examples were looked at" $?
echo "1..$n"
exit $bad
