# SPDX-License-Identifier: MIT
# UAPI tests with the kernel's own harness, and the tests of recovery from faults (included by driver/shim/rules.mk).
KSELFTEST := lxa_abi lxa_bo lxa_job lxa_threads lxa_faults
KSELFTEST_BIN := $(KSELFTEST:%=$(B)/tests/kselftest/%)
KSELFTEST_H := $(wildcard tests/kselftest/*.h) driver/uapi/lxa.h
KSELFTEST_INC ?= $(B)/kselftest-include
KSELFTEST_HDR := $(KSELFTEST_INC)/ready

# Under a sanitizer the functional model alone is enough, and the program has the preload library linked in.
ifeq ($(SAN),)
KSELFTEST_SIM = $(SIM_LIB)
else
KSELFTEST_SIM = $(B)/libsim-model.a
endif
$(B)/tests/kselftest/no_rtl.o: CPPFLAGS += $(SIM_FLAGS)
$(B)/libsim-model.a: $(SIM_OBJS) $(B)/tests/kselftest/no_rtl.o
	@echo "  AR      $@"
	@rm -f $@
	@$(AR) rcs $@ $^

# "ready" says whether the headers are there; without them a program is not built, and its test is skipped with the reason.
$(KSELFTEST_HDR):
	@mkdir -p $(@D)
	@echo "  GET     kernel test harness"
	@tests/kselftest/get-harness.sh $(@D) > $(@D)/why; rc=$$?; \
		if [ $$rc = 0 ]; then touch $@; elif [ $$rc = 4 ]; then cat $(@D)/why; else exit $$rc; fi

$(B)/tests/kselftest/%: tests/kselftest/%.c $(KSELFTEST_H) $(KSELFTEST_HDR) \
		$(if $(SAN),$(PRELOAD_OBJ) $(DRIVER_LIB) $(KSELFTEST_SIM),$(PRELOAD_LIB))
	@mkdir -p $(@D)
	@if [ -e $(KSELFTEST_HDR) ]; then echo "  LD      $@"; \
		$(CC) -D_GNU_SOURCE $(CFLAGS) -Wno-sign-compare -Wno-unused-function -Itests/kselftest \
			-I$(KSELFTEST_INC) -Idriver/uapi $(LDFLAGS) -o $@ $< \
			$(if $(SAN),$(PRELOAD_OBJ) $(DRIVER_LIB) $(KSELFTEST_SIM) $(DRIVER_LDLIBS) -ldl) -lpthread; fi

.PHONY: kselftest faults-table
faults-table: $(B)/tests/kselftest/lxa_faults $(B)/lxa $(PRELOAD_LIB) ## measure driver/FAULTS.md's table and write it
	@B=$(B) tests/kselftest/faults-table.sh --update

kselftest: $(KSELFTEST_BIN) ## build the UAPI tests (kernel harness)

# One script a test program and engine in TESTS: it runs the program and tells passed, skipped or failed.
KSELFTEST_MODEL := $(KSELFTEST_BIN:%=%.model.sh)
KSELFTEST_RTL := $(KSELFTEST_BIN:%=%.rtl.sh)
define KSELFTEST_SCRIPT
	@printf '#!/bin/sh\nB=$(B) SAN=$(SAN) KSELFTEST_INC=$(KSELFTEST_INC) exec tests/kselftest/run.sh $(notdir $*) $(1)\n' > $@
	@chmod +x $@
endef
$(KSELFTEST_MODEL): %.model.sh: % tests/kselftest/run.sh tests/kselftest/rules.mk
	$(call KSELFTEST_SCRIPT,model)
$(KSELFTEST_RTL): %.rtl.sh: % tests/kselftest/run.sh tests/kselftest/rules.mk
	$(call KSELFTEST_SCRIPT,rtl)

TESTS += $(if $(SAN),,tests/kselftest/uapi-layout.sh)
TESTS += $(KSELFTEST_MODEL) $(if $(SAN),,$(KSELFTEST_RTL))

# Recovery from injected faults: cmocka, plain system calls (the preload library is linked in) and lxa_sim_fault().
RECOVER_TEST := $(B)/tests/unit/recover_test
TESTS += $(RECOVER_TEST) $(if $(SAN),,$(RECOVER_TEST).rtl.sh)
$(RECOVER_TEST).rtl.sh: $(RECOVER_TEST)
	@printf '#!/bin/sh\nLXA_DEVICE=sim:rtl exec $<\n' > $@
	@chmod +x $@

$(B)/tests/unit/recover_test.o: CPPFLAGS += -Itests/kselftest -Idriver/uapi -Idriver/shim -Isim
$(RECOVER_TEST): $(B)/tests/unit/recover_test.o $(PRELOAD_OBJ) $(DRIVER_LIB) $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl

# The device coredump: made by the driver, read by what `lxa coredump` reads it with.
COREDUMP_TEST := $(B)/tests/unit/coredump_test
TESTS += $(COREDUMP_TEST) $(if $(SAN),,$(COREDUMP_TEST).rtl.sh)
$(COREDUMP_TEST).o: CPPFLAGS += -Itests/kselftest -Idriver/uapi -Idriver/shim -Isim
$(COREDUMP_TEST): $(COREDUMP_TEST).o $(B)/userspace/cli/dump_read.o $(B)/userspace/cli/dump_print.o $(PRELOAD_OBJ) \
		$(DRIVER_LIB) $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka -lz $(DRIVER_LDLIBS) -ldl
$(COREDUMP_TEST).rtl.sh: $(COREDUMP_TEST)
	@printf '#!/bin/sh\nLXA_DEVICE=sim:rtl exec $<\n' > $@
	@chmod +x $@

# Bounds of a user: log and memory.
LIMITS_TEST := $(B)/tests/unit/limits_test
TESTS += $(LIMITS_TEST)
$(LIMITS_TEST).o: CPPFLAGS += -Itests/kselftest -Idriver/uapi -Idriver/shim -Isim
$(LIMITS_TEST): $(LIMITS_TEST).o $(PRELOAD_OBJ) $(DRIVER_LIB) $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl

# Options of a simulated device's path, on both engines.
OPEN_TEST := $(B)/tests/unit/open_test
TESTS += $(OPEN_TEST) $(if $(SAN),,$(OPEN_TEST).rtl.sh)
$(OPEN_TEST).o: CPPFLAGS += -Itests/kselftest -Idriver/uapi -Idriver/shim
$(OPEN_TEST): $(OPEN_TEST).o $(PRELOAD_OBJ) $(DRIVER_LIB) $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl
$(OPEN_TEST).rtl.sh: $(OPEN_TEST)
	@printf '#!/bin/sh\nLXA_DEVICE=sim:rtl exec $<\n' > $@
	@chmod +x $@

# An unmodified program under LD_PRELOAD, on both engines.
PRELOAD_TEST := $(B)/tests/unit/preload_test
$(B)/tests/unit/preload_test.o: CPPFLAGS += -Itests/kselftest -Idriver/uapi
$(PRELOAD_TEST): $(B)/tests/unit/preload_test.o $(PRELOAD_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $< -lcmocka
$(PRELOAD_TEST).%.sh: $(PRELOAD_TEST)
	@printf '#!/bin/sh\nLXA_DEVICE=sim:$* LXA_SHIM_STRICT=1 LD_PRELOAD=$(abspath $(PRELOAD_LIB)) exec timeout 120 $<\n' > $@
	@chmod +x $@
TESTS += $(if $(SAN),,$(PRELOAD_TEST).model.sh $(PRELOAD_TEST).rtl.sh)

# The shim's own strictness: its runtime with a faulty driver instead of LXA's (a sanitizer would be first to complain).
SHIM_STRICT_TEST := $(B)/tests/unit/shim_strict_test
$(SHIM_STRICT_TEST).o: CPPFLAGS += -Idriver/shim/include -Idriver/shim
$(SHIM_STRICT_TEST).o: CFLAGS += -std=gnu11 -Wno-missing-field-initializers
$(SHIM_STRICT_TEST): $(SHIM_STRICT_TEST).o $(SHIM_OBJS) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl
TESTS += $(if $(SAN),,$(SHIM_STRICT_TEST))

# ---- sanitizers: the same programs in build folders of their own ------------------------------------------------------
SAN_PROGRAMS = $(KSELFTEST_MODEL) $(RECOVER_TEST) $(COREDUMP_TEST) $(LIMITS_TEST) $(OPEN_TEST)
.PHONY: test-san test-tsan san-programs san-run
san-programs: $(SAN_PROGRAMS)
san-run: san-programs
	@tests/run.sh $(B)/test-logs $(SAN_PROGRAMS)

test-san: $(KSELFTEST_HDR) ## driver, shim and model under ASan and UBSan: UAPI and recovery tests
	@$(MAKE) --no-print-directory B=$(B)/san SAN=address,undefined OPT=-O1 KSELFTEST_INC=$(KSELFTEST_INC) san-run

test-tsan: $(KSELFTEST_HDR) ## the same under TSan
	@$(MAKE) --no-print-directory B=$(B)/tsan SAN=thread OPT=-O1 KSELFTEST_INC=$(KSELFTEST_INC) san-run

ifeq ($(SAN),)
TESTS += tests/kselftest/test-san.sh tests/kselftest/test-tsan.sh
endif
