# SPDX-License-Identifier: MIT
# The simulated device: $(SIM_LIB), to be linked with $(SIM_LDLIBS). CONFIG chooses rtl/config/<name>.
# WAVES=1 builds the RTL engine with assertions, random initial values and FST tracing (slower): use a B of its own.
CONFIG ?= base
WAVES ?=

SIM_LIB := $(B)/libsim.a
SIM_LDLIBS := -lfdt -lstdc++ -lz -lpthread -lm

SIM_C := $(wildcard sim/*.c) $(wildcard sim/model/*.c)
SIM_OBJS := $(SIM_C:%.c=$(B)/%.o)
SIM_FLAGS = -Isim -Isim/model -Idriver -I$(B)/sim

$(B)/sim/%.o: CPPFLAGS += $(SIM_FLAGS)
$(B)/sim/model/model_kern.o $(B)/sim/model/model_shift.o $(B)/sim/model/model_xnor.o: CFLAGS += -O3
$(SIM_OBJS): | $(B)/sim/lxa_cfg.h
$(B)/sim/tree.o: CPPFLAGS += -DLXA_DTB_FILE='"$(B)/sim/lxa.dtb"'
$(B)/sim/tree.o: $(B)/sim/lxa.dtb

$(B)/sim/lxa_cfg.h: rtl/config/$(CONFIG)/lxa_cfg_pkg.sv sim/cfg.awk
	@mkdir -p $(@D)
	@awk -f sim/cfg.awk $< > $@

$(B)/sim/lxa.dtb: sim/lxa.dts
	@mkdir -p $(@D)
	@echo "  DTC     $<"
	@dtc -q -I dts -O dtb -o $@ $<

$(B)/sim/sim.o: CPPFLAGS += -DLXA_NO_RTL
$(SIM_LIB): $(SIM_OBJS)
	@echo "  AR      $@"
	@rm -f $@
	@$(AR) rcs $@ $^

ALL += $(SIM_LIB)

include tests/rtl/rules.mk
