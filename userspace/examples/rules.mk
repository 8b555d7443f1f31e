# SPDX-License-Identifier: MIT
# The example programs, and the test that runs them. Included by userspace/rules.mk.

EXAMPLES := $(patsubst %.c,$(B)/%,$(wildcard userspace/examples/*.c))
EXAMPLES_TEST := $(B)/tests/unit/examples-test

# raw_ioctl uses no library at all: plain system calls, which the preload library catches.
$(filter-out %/raw_ioctl,$(EXAMPLES)): %: %.o $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)
$(B)/userspace/examples/raw_ioctl: $(B)/userspace/examples/raw_ioctl.o
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) -o $@ $^

# The script is told where things are by its place in the build folder.
$(EXAMPLES_TEST): tests/unit/examples-test.sh $(EXAMPLES) $(B)/lxa $(PRELOAD_LIB) $(DIGITS)
	@mkdir -p $(@D)
	@sed 's|@B@|$(B)|g; s|@DIGITS@|$(DIGITS)|g' $< > $@
	@chmod +x $@

TESTS += $(EXAMPLES_TEST)
ALL += $(EXAMPLES)
