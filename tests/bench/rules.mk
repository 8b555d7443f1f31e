# SPDX-License-Identifier: MIT
# Programs that print ratios; none is a test. Included by the Makefile after userspace/, whose libraries they link.
BENCH := $(B)/tests/bench
BENCH_COMMON := $(BENCH)/bench_dev.o $(BENCH)/nets.o
$(BENCH)/%.o: CPPFLAGS += -Iuserspace -Idriver -Idriver/uapi -Isim -Itests/rtl

$(BENCH)/bench-rtl: $(BENCH)/bench-rtl.o $(BENCH_COMMON) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)

.PHONY: bench-rtl
bench-rtl: $(BENCH)/bench-rtl ## utilisation of the RTL on known networks, with the causes of stalls; then over memory speeds
	@$<
	@$< --memory
