#!/bin/sh
# SPDX-License-Identifier: MIT
# Run test programs, two at a time, and sum up.
#   tests/run.sh LOGDIR TEST...        exit code of a test: 0 passed, 4 skipped (its last line says why), else failed
# Exit code: 0 when none failed.
set -u
if [ "$1" = --one ]; then # worker: tests/run.sh --one LOGDIR TEST
	name=$(echo "$3" | tr -c 'A-Za-z0-9_.\n-' '_')
	log=$2/$name.log
	start=$(date +%s)
	"$3" >"$log" 2>&1 </dev/null
	rc=$?
	took=$(($(date +%s) - start))
	# cmocka exits with the number of failed cases: 4 of them are no skip
	[ $rc = 4 ] && ! tail -n 1 "$log" | grep -qi skip && rc=255
	case $rc in
	0) word=passed; line=$(printf '  ok    %4d s  %s' "$took" "$3") ;;
	4) word=skipped; line=$(printf '  skip  %4d s  %s: %s' "$took" "$3" "$(tail -n 1 "$log")") ;;
	*) word=failed; line=$(printf '  FAIL  %4d s  %s (exit %d), last lines of %s:\n%s' "$took" "$3" "$rc" "$log" "$(tail -n 25 "$log")") ;;
	esac
	printf '%s\n' "$line"
	echo "$word" >"$2/$name.result"
	exit 0
fi

logs=$1
shift
rm -rf "$logs"
mkdir -p "$logs"
echo "running $# test programs, logs in $logs"
printf '%s\n' "$@" | xargs -P "$(nproc)" -I{} "$0" --one "$logs" {}
count() { cat "$logs"/*.result 2>/dev/null | grep -cx "$1"; }
passed=$(count passed)
failed=$(count failed)
skipped=$(count skipped)
lost=$(($# - passed - failed - skipped))
[ "$lost" = 0 ] || echo "  FAIL  $lost test programs left no result"
failed=$((failed + lost))
cases=$(cat "$logs"/*.log | grep -cE '^\[ +OK +\]|^ *ok [0-9]+')
echo "$cases cases in $# programs"
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
