# SPDX-License-Identifier: MIT
# What programs rely on besides results: the time line of `lxa run --profile`, and threads. Included by userspace/rules.mk.
PROFILE_TEST := $(B)/tests/unit/profile_test
SHARE_TEST := $(B)/tests/unit/share_test

$(PROFILE_TEST).o $(SHARE_TEST).o: CPPFLAGS += $(LXA_CPPFLAGS)
$(PROFILE_TEST): $(PROFILE_TEST).o $(B)/tests/unit/json_tree.o $(addprefix $(B)/userspace/cli/,json.o text.o) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) $(LXA_LDLIBS)
$(SHARE_TEST): $(SHARE_TEST).o $(LXA_LIB) $(DRIVER_LIB) $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) $(LXA_LDLIBS)

# Several times, on both engines, without a sanitizer; under TSan (tests/kselftest/rules.mk) once. One thread of OpenMP: oneDNN is
# not instrumented, and its threads' barriers look like races.
$(SHARE_TEST).%.sh: $(SHARE_TEST) tests/unit/lib.mk
	@printf '#!/bin/sh\nset -e\nexport OMP_NUM_THREADS=1 LXA_TEST_DEVICE=sim:$*\nfor i in $(if $(SAN),1,1 2 3 4 5); do timeout 300 $<; done\n' > $@
	@chmod +x $@

ifeq ($(SAN),)
TESTS += $(PROFILE_TEST) $(SHARE_TEST).model.sh $(SHARE_TEST).rtl.sh
ALL += $(PROFILE_TEST)
endif
ifneq ($(findstring thread,$(SAN)),)
SAN_PROGRAMS += $(SHARE_TEST).model.sh
san-programs: $(SHARE_TEST).model.sh
endif
