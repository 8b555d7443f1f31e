# SPDX-License-Identifier: MIT
# The time line of `lxa run --profile`. Included by userspace/rules.mk.
PROFILE_TEST := $(B)/tests/unit/profile_test

$(PROFILE_TEST).o: CPPFLAGS += $(LXA_CPPFLAGS)
$(PROFILE_TEST): $(PROFILE_TEST).o $(B)/tests/unit/json_tree.o $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) $(LXA_LDLIBS)

TESTS += $(PROFILE_TEST)
ALL += $(PROFILE_TEST)
