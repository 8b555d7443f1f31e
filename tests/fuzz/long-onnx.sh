#!/bin/sh
# SPDX-License-Identifier: MIT
# Leaks count here, and a file that asks for more memory than there is must get an error.
FUZZ_ASAN=detect_leaks=1:allocator_may_return_null=1 FUZZ_MAX_LEN=${FUZZ_MAX_LEN:-800} exec "$(dirname "$0")/long.sh" fuzz_onnx fuzz_onnx
