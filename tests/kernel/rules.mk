# SPDX-License-Identifier: MIT
# The driver in real kernels (README.md of this folder). Not in `make test`: kernels have to be built first, once.
KERNEL_BUILT = $(B)/lxa $(KSELFTEST_BIN) $(DIGITS) $(B)/sim/lxa.dtb

.PHONY: kernel-test kernel-test-san kernel-coverage kernel-shell setup-kernel kernel-built
setup-kernel:
	@./packages.sh kernel

kernel-built: setup-kernel
	@$(MAKE) --no-print-directory -j$(JOBS) $(KERNEL_BUILT)

kernel-test: kernel-built ## the driver in a User Mode Linux kernel, both probe paths: UAPI tests and lxa run (builds the kernel once)
	@B=$(B) tests/kernel/lane.sh test plain

kernel-test-san: kernel-built ## the same with KASAN, lockdep, kmemleak and DMA-API checks; the kernel's log must be clean
	@B=$(B) tests/kernel/lane.sh test san

kernel-coverage: kernel-built ## the same with GCOV: which lines of the driver ran in the kernel, as a table
	@B=$(B) tests/kernel/lane.sh test gcov
	@B=$(B) tests/kernel/coverage.sh

kernel-shell: kernel-built ## a shell in User Mode Linux with /dev/lxa0
	@B=$(B) tests/kernel/lane.sh shell plain
