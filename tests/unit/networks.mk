# SPDX-License-Identifier: MIT
# Tests with real networks, and of lxa_quantize(). Included by userspace/rules.mk.

NETWORKS_TEST := $(B)/tests/unit/networks_test

$(NETWORKS_TEST).o: CPPFLAGS += $(LXA_CPPFLAGS)
$(NETWORKS_TEST): $(NETWORKS_TEST).o $(DATA_OBJS) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB) | $(EXPORT_BINARY)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) $(SIM_LDLIBS) $(LXA_LDLIBS)

QUANTIZE_TEST := $(B)/tests/unit/quantize_test
$(QUANTIZE_TEST).o: CPPFLAGS += $(LXA_CPPFLAGS)
$(QUANTIZE_TEST): $(QUANTIZE_TEST).o $(B)/tests/unit/graph_util.o $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) $(SIM_LDLIBS) $(LXA_LDLIBS)

TESTS += $(NETWORKS_TEST) $(QUANTIZE_TEST)
ALL += $(NETWORKS_TEST) $(QUANTIZE_TEST)
TESTS_LONG += tests/unit/networks-long.sh
