#!/bin/sh
# SPDX-License-Identifier: MIT
# The table of driver/FAULTS.md: measured now on both engines, in this process and through a daemon; for a kernel, what the
# last `make kernel-test` has printed, or without one what the table says already.
#   faults-table.sh            print it (B: build folder)
#   faults-table.sh --update   put it into driver/FAULTS.md
set -u
cd "$(dirname "$0")/../.." || exit 1
B=${B:-build}

table() {
	echo "| where | fault | the guilty get | the innocent get | cycles | ms | next job |"
	echo "|---|---|---|---|---|---|---|"
	for engine in rtl model; do
		B=$B LXA_SHIM_LOG=3 tests/kselftest/run.sh lxa_faults $engine | sed -n "s/^# |/| $engine |/p"
	done
	for engine in rtl model; do
		B=$B LXA_SHIM_LOG=3 tests/daemon/kselftest.sh $engine "$B/tests/kselftest/lxa_faults" | sed -n "s/^# |/| daemon, $engine |/p"
	done
	if [ -e "$B/kernel/plain/console" ]; then
		tr -d '\r' <"$B/kernel/plain/console" | sed -n "/ok .* pci: lxa_faults\$/q; s/^ *# |/| UML, rtl |/p"
	else
		grep '^| UML' driver/FAULTS.md
	fi
}

case "${1:-}" in
"") table ;;
--update)
	table >"$B/faults.table" || exit 1
	awk -v file="$B/faults.table" '
		/<!-- table/ { print; while ((getline line < file) > 0) print line; skip = 1; next }
		/<!-- end/ { skip = 0 }
		!skip' driver/FAULTS.md >"$B/FAULTS.md" && cp "$B/FAULTS.md" driver/FAULTS.md
	;;
*) echo "usage: faults-table.sh [--update]" >&2; exit 2 ;;
esac
