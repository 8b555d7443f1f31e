# SPDX-License-Identifier: MIT
# LXA: one non-recursive build. `make help` lists the targets a person types.
#
# Conventions, for the rules.mk of each folder (all are included here, paths are from the top):
#   B      build folder; nothing is written outside it            (make B=build/other)
#   SAN    sanitizers, e.g. SAN=address,undefined                  (use with a B of its own)
#   $(B)/path/file.o comes from path/file.c by the pattern rule below; per-folder flags are target-specific
#   variables:  $(B)/driver/%.o: CPPFLAGS += -Idriver/...
#   TESTS      += executables that `make test` runs: exit 0 = passed, 4 = skipped (says why), else failed
#   TESTS_LONG += the same for `make test-long`
#   ALL        += what `make all` builds;  CLEAN_NAMES are not needed: `make clean` removes $(B)
B ?= build
SAN ?=
LXA_DATA ?=
# Tests that want larger public data look here; without it they say that they skip.
TEST_DATA = $(abspath $(or $(LXA_DATA),../shared/data))

CC = gcc
CXX = g++
AR = gcc-ar
OPT ?= -O2
WARN = -Wall -Wextra -Wno-unused-parameter
CPPFLAGS = -D_GNU_SOURCE -MMD -MP
CFLAGS = -std=gnu17 -g $(OPT) -fPIC $(WARN) $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer)
LDFLAGS = $(if $(SAN),-fsanitize=$(SAN))
LDLIBS =

ALL :=
TESTS :=
TESTS_LONG :=

.DEFAULT_GOAL := help
.SUFFIXES:
.SECONDARY:
.DELETE_ON_ERROR:

-include $(wildcard rtl/rules.mk sim/rules.mk driver/rules.mk userspace/rules.mk tests/bench/rules.mk tests/daemon/rules.mk \
	tests/kernel/rules.mk)

$(B)/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC      $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

-include $(shell find $(B) -name '*.d' 2>/dev/null)

.PHONY: all run test test-long clean help setup-run setup-test setup-long
JOBS := $(shell nproc)

setup-run:
	@./packages.sh run

setup-test:
	@./packages.sh test

setup-long:
	@./packages.sh long

run: setup-run ## classify real images on the RTL simulation; LXA_DATA=DIR takes MNIST from DIR, LIMIT=N that many images
	@$(MAKE) --no-print-directory -j$(JOBS) run-built

test: setup-test ## every quick test
	@$(MAKE) --no-print-directory -j$(JOBS) tests-built
	@LXA_DATA=$(TEST_DATA) tests/run.sh $(B)/test-logs $(TESTS)

test-long: setup-long ## the long suites (random co-simulation, fuzzing)
	@$(MAKE) --no-print-directory -j$(JOBS) tests-built
	@LXA_DATA=$(TEST_DATA) tests/run.sh $(B)/test-logs $(TESTS_LONG)

.PHONY: tests-built
tests-built: all $(filter $(B)/%,$(TESTS) $(TESTS_LONG))

all: $(ALL) ## build everything, run nothing

clean: ## remove everything that was built
	rm -rf $(B)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | sed 's/:.*## /\t/' | expand -t 16
