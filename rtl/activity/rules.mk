# SPDX-License-Identifier: MIT
# rtl/activity/: switching activity. ACTIVITY=1 builds a device that writes what its arrays are given into two files; a B of its own.
ifneq ($(ACTIVITY),)
RTL_SRCS += rtl/activity/lxa_record.sv
endif

ACT_OBJS := $(B)/rtl/activity/activity.o $(B)/rtl/activity/column.o $(B)/rtl/activity/netlist.o
$(B)/rtl/activity/activity: $(ACT_OBJS)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lm

.PHONY: activity
activity: ## gate toggles per MAC of each mode, with data of a real network (yosys, minutes); LXA_DATA, LIMIT
	@B="$(B)" LXA_DATA="$(LXA_DATA)" LIMIT="$(LIMIT)" rtl/activity/activity.sh

# The counter against known counts; the test of sums against the contract is every run of activity.sh.
$(B)/tests/rtl/activity.o: CPPFLAGS += -Irtl/activity
$(B)/tests/rtl/activity: $(B)/tests/rtl/activity.o $(B)/rtl/activity/netlist.o
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka

TESTS += $(B)/tests/rtl/activity
TESTS_LONG += rtl/activity/activity.sh
tests-built: $(B)/rtl/activity/activity
