#!/bin/sh
# SPDX-License-Identifier: MIT
exec "$(dirname "$0")/long.sh" fuzz_onnx fuzz_onnx
