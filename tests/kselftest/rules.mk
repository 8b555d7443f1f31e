# SPDX-License-Identifier: MIT
# UAPI tests with the kernel's own harness, and the tests of recovery from faults (included by driver/shim/rules.mk).
KSELFTEST := lxa_abi lxa_bo lxa_job lxa_threads
KSELFTEST_BIN := $(KSELFTEST:%=$(B)/tests/kselftest/%)
KSELFTEST_H := $(wildcard tests/kselftest/*.h) driver/uapi/lxa.h
KSELFTEST_HDR := $(B)/kselftest-include/ready

# "ready" says whether the headers are there; without them a program is not built, and its test is skipped with the reason.
$(KSELFTEST_HDR):
	@mkdir -p $(@D)
	@echo "  GET     kernel test harness"
	@tests/kselftest/get-harness.sh $(@D) > $(@D)/why; rc=$$?; \
		if [ $$rc = 0 ]; then touch $@; elif [ $$rc = 4 ]; then cat $(@D)/why; else exit $$rc; fi

$(B)/tests/kselftest/%: tests/kselftest/%.c $(KSELFTEST_H) $(KSELFTEST_HDR) \
		$(if $(SAN),$(PRELOAD_OBJ) $(DRIVER_LIB) $(SIM_LIB),$(PRELOAD_LIB))
	@mkdir -p $(@D)
	@if [ -e $(KSELFTEST_HDR) ]; then echo "  LD      $@"; \
		$(CC) -D_GNU_SOURCE $(CFLAGS) -Wno-sign-compare -Wno-unused-function -Itests/kselftest \
			-I$(B)/kselftest-include -Idriver/uapi $(LDFLAGS) -o $@ $< \
			$(if $(SAN),$(PRELOAD_OBJ) $(DRIVER_LIB) $(SIM_LIB) $(DRIVER_LDLIBS) -ldl) -lpthread; fi

.PHONY: kselftest
kselftest: $(KSELFTEST_BIN) ## build the UAPI tests (kernel harness)

# One script a test program in TESTS: it runs the program and tells passed, skipped or failed.
KSELFTEST_RUN := $(KSELFTEST_BIN:%=%.sh)
$(KSELFTEST_RUN): %.sh: % tests/kselftest/run.sh
	@printf '#!/bin/sh\nB=$(B) SAN=$(SAN) exec tests/kselftest/run.sh $(notdir $*) model\n' > $@
	@chmod +x $@

TESTS += $(KSELFTEST_RUN)

# Recovery from injected faults: cmocka, plain system calls (the preload library is linked in) and lxa_sim_fault().
RECOVER_TEST := $(B)/tests/unit/recover_test
TESTS += $(RECOVER_TEST)

$(B)/tests/unit/recover_test.o: CPPFLAGS += -Itests/kselftest -Idriver/uapi -Idriver/shim -Isim
$(RECOVER_TEST): $(B)/tests/unit/recover_test.o $(PRELOAD_OBJ) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl
