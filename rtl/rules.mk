# SPDX-License-Identifier: MIT
# rtl/: generated register files, lint, and the list of sources for whoever compiles the design.
#   CONFIG    configuration: a folder of rtl/config
#   RTL_SRCS  its SystemVerilog files in compile order
#   RTL_LINT  lint exceptions, for Verilator only
CONFIG ?= base
RTL_SRCS := $(shell rtl/srcs.sh $(CONFIG))
RTL_LINT := rtl/lint.vlt

.PHONY: regs check-regs lint yosys-read area
regs: ## regenerate what is made from rtl/regs/lxa.regs
	awk -v to=c -f rtl/regs/gen.awk rtl/regs/lxa.regs > driver/lxa_regs.h
	awk -v to=sv -f rtl/regs/gen.awk rtl/regs/lxa.regs > rtl/lxa_regs_pkg.sv
	awk -v to=md -f rtl/regs/gen.awk rtl/regs/lxa.regs > rtl/REGISTERS.md
	awk -v to=names -f rtl/regs/gen.awk rtl/regs/lxa.regs > userspace/cli/names.h

check-regs: ## fail when a generated register file is stale
	@rtl/check-regs.sh

lint: ## verilator -Wall over the RTL of every configuration
	@rtl/lint.sh

yosys-read: ## let yosys read and elaborate the RTL (when it is installed)
	@rtl/yosys-read.sh

area: ## gates and LUTs of lanes, arrays and devices beside int8 ones (yosys, minutes); CSV=FILE
	@B="$(B)" CSV="$(CSV)" rtl/area/area.sh

TESTS += rtl/area/check-area.sh rtl/check-regs.sh rtl/lint.sh rtl/yosys-read.sh

include rtl/activity/rules.mk
