# SPDX-License-Identifier: MIT
# Tests of the simulated device (included by sim/rules.mk).
RTLT := $(B)/tests/rtl
RTLT_COMMON := $(RTLT)/rig.o $(RTLT)/layer.o $(RTLT)/ref.o
$(RTLT)/%.o: CPPFLAGS += -Isim -Idriver -Idriver/uapi -Itests/rtl -Irtl/cycles
$(RTLT)/ref.o: CFLAGS += -O3

RTLT_PROGRAMS := $(RTLT)/oracle $(RTLT)/cosim $(RTLT)/faults $(RTLT)/hostile $(RTLT)/first_layer $(RTLT)/cycles
$(RTLT)/cosim: $(RTLT)/cover.o
$(RTLT_PROGRAMS): $(RTLT)/%: $(RTLT)/%.o $(RTLT_COMMON) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(SIM_LDLIBS)

TESTS += $(RTLT)/oracle $(RTLT)/faults $(RTLT)/hostile $(RTLT)/cosim $(RTLT)/first_layer $(RTLT)/cycles
TESTS += tests/rtl/check-form.sh tests/rtl/configs.sh
TESTS_LONG += tests/rtl/cosim-long.sh $(RTLT)/hostile-long $(RTLT)/cycles-long tests/rtl/second-opinion.sh tests/rtl/waves.sh

# the same programs under a name that makes them run more cases
$(RTLT)/%-long: $(RTLT)/%
	@ln -sf $* $@
