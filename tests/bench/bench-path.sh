#!/bin/sh
# SPDX-License-Identifier: MIT
# The path of a job, in-process and by way of a daemon, on both engines. Run by `make bench-path`, from the top.
#   environment: B build folder (build), SECONDS_EACH for each line (1), ENGINES ("model rtl")
set -eu
top=${B:-build}
preload=$PWD/$top/liblxa-preload.so
for engine in ${ENGINES:-model rtl}; do
	echo "in-process, engine $engine:"
	LXA_DEVICE=sim:$engine LD_PRELOAD=$preload "$top/tests/bench/bench-path" -s "${SECONDS_EACH:-1}"
	dir=$(mktemp -d)
	"$top/lxa" daemon --socket "$dir/lxa" --engine "$engine" > "$dir/out" 2> "$dir/err" &
	pid=$!
	trap 'kill $pid 2>/dev/null; rm -rf "$dir"' EXIT INT TERM
	while [ ! -s "$dir/out" ] && kill -0 $pid; do sleep 0.05; done
	echo "daemon, engine $engine:"
	LXA_DEVICE=unix:$dir/lxa LD_PRELOAD=$preload "$top/tests/bench/bench-path" -s "${SECONDS_EACH:-1}" -p $pid
	kill $pid
	wait $pid
	rm -rf "$dir"
done
