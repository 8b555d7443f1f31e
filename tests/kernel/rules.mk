# SPDX-License-Identifier: MIT
# The driver in real kernels (README.md of this folder). Not in `make test`: kernels have to be built first, once.
FAULT_JOB := $(B)/tests/kernel/fault_job
KERNEL_BUILT = $(B)/lxa $(KSELFTEST_BIN) $(FAULT_JOB) $(DIGITS) $(B)/sim/lxa.dtb

.PHONY: kernel-test kernel-test-san kernel-coverage kernel-shell module-kernels setup-kernel kernel-built bench-path-uml
setup-kernel:
	@./packages.sh kernel

kernel-built: setup-kernel
	@$(MAKE) --no-print-directory -j$(JOBS) $(KERNEL_BUILT)

kernel-test: kernel-built ## the driver in a User Mode Linux kernel, both probe paths: UAPI tests and lxa run (builds the kernel once)
	@B=$(B) tests/kernel/lane.sh test plain

kernel-test-san: kernel-built ## the same with KASAN, lockdep, kmemleak and DMA-API checks; the kernel's log must be clean
	@B=$(B) tests/kernel/lane.sh seeded san
	@B=$(B) tests/kernel/lane.sh test san

kernel-coverage: kernel-built ## the same with GCOV: which lines of the driver ran in the kernel, as a table
	@B=$(B) tests/kernel/lane.sh test gcov
	@B=$(B) tests/kernel/coverage.sh

module-kernels: setup-kernel ## the module on each kernel that Debian offers: W=1, sparse, loaded in QEMU; DKMS (fetches 0.6 GB once)
	@B=$(B) tests/kernel/debian-kernels.sh
	@B=$(B) tests/kernel/dkms-test.sh

kernel-shell: kernel-built ## a shell in User Mode Linux with /dev/lxa0
	@B=$(B) tests/kernel/lane.sh shell plain

# Plain system calls, nothing of ours linked.
$(FAULT_JOB).o: CPPFLAGS += -Itests/kselftest -Idriver/uapi
$(FAULT_JOB): $(FAULT_JOB).o
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^

bench-path-uml: kernel-built $(B)/tests/bench/bench-path ## cost of a job from submit to completion in User Mode Linux, on both engines
	@B=$(B) ENGINE=model tests/kernel/lane.sh bench plain
	@B=$(B) ENGINE=rtl tests/kernel/lane.sh bench plain

# ---- in `make test`: what needs no kernel -----------------------------------------------------------------------------------
# The server, from a guest's side.
SERVE_TEST := $(B)/tests/unit/serve_test
$(SERVE_TEST).o: CPPFLAGS += $(SIM_FLAGS)
$(SERVE_TEST): $(SERVE_TEST).o $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(SIM_LDLIBS)
TESTS += $(SERVE_TEST)
san-programs: $(SERVE_TEST)
SAN_PROGRAMS += $(SERVE_TEST)

TESTS += tests/kernel/binding-test.sh

# ---- in `make test-long`, as far as the packages of `packages.sh kernel` are there ---------------------------------------------
KERNEL_LONG := $(B)/tests/kernel/kernel-test.sh $(B)/tests/kernel/kernel-test-san.sh
$(B)/tests/kernel/kernel-test.sh: LANES = tests/kernel/lane.sh test plain
$(B)/tests/kernel/kernel-test-san.sh: LANES = tests/kernel/lane.sh seeded san && tests/kernel/lane.sh test san
$(KERNEL_LONG): tests/kernel/rules.mk | $(KERNEL_BUILT)
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nexport B=$(B)\n$(LANES)\n' > $@
	@chmod +x $@
TESTS_LONG += $(KERNEL_LONG) tests/kernel/debian-kernels.sh tests/kernel/dkms-test.sh
