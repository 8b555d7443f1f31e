# SPDX-License-Identifier: MIT
# Tests of the device half of liblxa: kernels, operations, planner, executor. Included by userspace/rules.mk.

PLAN_TEST_BINS := $(addprefix $(B)/tests/unit/, \
	kernel_test op_test planes_test \
	plan_test plan_linear_test plan_res_test plan_draw_test plan_edge_test plan_hostile_test \
	fuzz_plan_test types_run_test exec_test dnn_test)
PLAN_TEST_UTIL := $(addprefix $(B)/tests/unit/,layer_util.o plan_util.o graph_util.o)

$(PLAN_TEST_BINS:%=%.o) $(B)/tests/unit/layer_util.o $(B)/tests/unit/plan_util.o: CPPFLAGS += $(LXA_CPPFLAGS)
$(PLAN_TEST_BINS): $(B)/tests/unit/%: $(B)/tests/unit/%.o $(PLAN_TEST_UTIL) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) $(LXA_LDLIBS)

# What `lxa plan` writes, without the rest of the command.
$(B)/tests/unit/plan_draw_test: $(addprefix $(B)/userspace/cli/,draw.o draw_dot.o draw_html.o json.o table.o text.o)

TESTS += $(PLAN_TEST_BINS)
ALL += $(PLAN_TEST_BINS)
TESTS_LONG += tests/unit/fuzz-long.sh
