# SPDX-License-Identifier: MIT
# Fuzz targets: with libFuzzer (clang, make test-long) and without it (gcc and sanitizers, make test). Included by
# driver/rules.mk. FUZZ=1: a build with clang and coverage, in a folder of its own; FUZZ_RTL names the libsim.a with the RTL.
FUZZ ?=
FUZZ_RTL ?=
FUZZ_DIR := $(B)/tests/fuzz
FUZZ_BIN := $(FUZZ_DIR)/fuzz_validate $(FUZZ_DIR)/fuzz_ioctl $(if $(FUZZ_RTL),$(FUZZ_DIR)/fuzz_ioctl_rtl)
FUZZ_LINK := $(if $(FUZZ),-fsanitize=fuzzer)
FUZZ_MAIN := $(if $(FUZZ),,$(FUZZ_DIR)/replay.o)

$(FUZZ_DIR)/%.o: CPPFLAGS += -Idriver -Idriver/uapi -Idriver/shim -Isim
$(FUZZ_DIR)/fuzz_validate: $(FUZZ_DIR)/fuzz_validate.o $(VALIDATE_OBJS) $(FUZZ_MAIN)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) $(FUZZ_LINK) -o $@ $^ -lcmocka
$(FUZZ_DIR)/fuzz_ioctl: $(FUZZ_DIR)/fuzz_ioctl.o $(DRIVER_LIB) $(KSELFTEST_SIM) $(FUZZ_MAIN)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) $(FUZZ_LINK) -o $@ $^ $(DRIVER_LDLIBS)
$(FUZZ_DIR)/fuzz_ioctl_rtl: $(FUZZ_DIR)/fuzz_ioctl.o $(DRIVER_LIB) $(FUZZ_RTL) $(FUZZ_MAIN)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) $(FUZZ_LINK) -o $@ $^ $(DRIVER_LDLIBS)

# The corpus and some seconds at random, in the sanitizers' build (tests/kselftest/rules.mk) and on the RTL without them.
FUZZ_REPLAY := $(FUZZ_DIR)/fuzz_validate.replay.sh $(FUZZ_DIR)/fuzz_ioctl.replay.sh
$(FUZZ_REPLAY): %.replay.sh: %
	@printf '#!/bin/sh\nLXA_FUZZ_ENGINE=$(if $(SAN),model,rtl) ASAN_OPTIONS=detect_leaks=0 exec timeout 300 $< tests/fuzz/corpus/$(notdir $*) $${FUZZ_SECONDS:-8}\n' > $@
	@chmod +x $@
TESTS += $(if $(SAN),,$(FUZZ_DIR)/fuzz_ioctl.replay.sh)

.PHONY: fuzz-programs fuzz-built
fuzz-programs: $(FUZZ_BIN)
fuzz-built: $(SIM_LIB)
	@$(MAKE) --no-print-directory B=$(B)/fuzz FUZZ=1 FUZZ_RTL=$(abspath $(SIM_LIB)) CC=clang OPT=-O1 \
		SAN=address,undefined,fuzzer-no-link fuzz-programs

ifeq ($(SAN),)
TESTS_LONG += $(addprefix tests/fuzz/,long-validate.sh long-ioctl.sh long-ioctl-rtl.sh)
endif
FUZZ_SAN := $(if $(findstring thread,$(SAN)),$(FUZZ_DIR)/fuzz_ioctl.replay.sh,$(FUZZ_REPLAY))
SAN_PROGRAMS += $(FUZZ_SAN)
san-programs: $(FUZZ_SAN)
