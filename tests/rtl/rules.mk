# SPDX-License-Identifier: MIT
# Tests of the simulated device (included by sim/rules.mk).
RTLT := $(B)/tests/rtl
RTLT_COMMON := $(RTLT)/rig.o $(RTLT)/layer.o $(RTLT)/ref.o
$(RTLT)/%.o: CPPFLAGS += -Isim -Idriver -Idriver/uapi -Itests/rtl
$(RTLT)/ref.o: CFLAGS += -O3

RTLT_PROGRAMS := $(RTLT)/oracle $(RTLT)/cosim $(RTLT)/faults
$(RTLT_PROGRAMS): $(RTLT)/%: $(RTLT)/%.o $(RTLT_COMMON) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(SIM_LDLIBS)

TESTS += $(RTLT)/oracle $(RTLT)/faults $(RTLT)/cosim
TESTS += tests/rtl/check-form.sh
TESTS_LONG += $(RTLT)/cosim-long tests/rtl/waves.sh

# the same program under a name that makes it run more cases
$(RTLT)/cosim-long: $(RTLT)/cosim
	@ln -sf cosim $@

BENCHES := $(B)/tests/bench/bench-rtl $(B)/tests/bench/bench-sim
$(BENCHES:=.o): CPPFLAGS += -Isim -Idriver -Idriver/uapi -Itests/rtl
$(BENCHES): %: %.o $(RTLT_COMMON) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(SIM_LDLIBS)

.PHONY: bench-rtl
bench-rtl: $(B)/tests/bench/bench-rtl ## utilisation of the RTL on ResNet-18's 3x3 layers, and both engines' speed
	@$<
	@$< model

$(B)/tests/bench/rusage: $(B)/tests/bench/rusage.o
	@$(CC) $(LDFLAGS) -o $@ $^

.PHONY: bench-sim
bench-sim: $(B)/tests/bench/bench-sim $(B)/tests/bench/rusage ## speed and memory of the simulator, time to build it
	@B=$(B) CONFIG=$(CONFIG) tests/bench/bench-sim.sh
