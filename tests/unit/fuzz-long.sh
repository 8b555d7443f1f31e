#!/bin/sh
# SPDX-License-Identifier: MIT
# Random graphs, many: the planner against the float reference and the model engine.
#   environment: B build folder, LXA_SEED; exit 0 passed, else failed
cd "$(dirname "$0")/../.." || exit 1
exec "${B:-build}/tests/unit/fuzz_plan_test" 1000
