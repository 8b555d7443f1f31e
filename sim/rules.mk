# SPDX-License-Identifier: MIT
# The simulated device: $(SIM_LIB), to be linked with $(SIM_LDLIBS). CONFIG chooses rtl/config/<name>.
# WAVES=1 builds the RTL engine with assertions, random initial values and FST tracing (slower); CHECK=1 with assertions,
# random initial values and the synthesizable form of every module instead of the fast one; SECOND=1 with what yosys makes
# of the RTL in place of the RTL itself, and random initial values. PGO= leaves out the training of the fast build, which costs
# as much time as compiling it and makes it some 30 % faster. Use a B of its own for each.
CONFIG ?= base
WAVES ?=
CHECK ?=
SECOND ?=
PGO ?= 1
comma := ,

SIM_LIB := $(B)/libsim.a
SIM_LDLIBS := -lfdt -lstdc++ -lz -lpthread -lm

SIM_C := $(wildcard sim/*.c) $(wildcard sim/model/*.c) $(wildcard sim/serve/*.c) $(wildcard rtl/cycles/*.c)
SIM_OBJS := $(SIM_C:%.c=$(B)/%.o)
SIM_FLAGS = -Isim -Isim/model -Isim/serve -Irtl/cycles -Idriver -I$(B)/sim

$(B)/sim/%.o: CPPFLAGS += $(SIM_FLAGS)
$(B)/sim/model/model_kern.o $(B)/sim/model/model_shift.o $(B)/sim/model/model_xnor.o: CFLAGS += -O3
$(SIM_OBJS): | $(B)/sim/lxa_cfg.h
# The cycle model is many small steps: a tenth faster.
$(filter $(B)/rtl/cycles/%,$(SIM_OBJS)): CFLAGS += $(if $(filter -O2,$(OPT)),-O3)
$(B)/sim/tree.o: CPPFLAGS += -DLXA_DTB_FILE='"$(B)/sim/lxa.dtb"'
$(B)/sim/tree.o: $(B)/sim/lxa.dtb

$(B)/sim/lxa_cfg.h: rtl/config/$(CONFIG)/lxa_cfg_pkg.sv sim/cfg.awk
	@mkdir -p $(@D)
	@awk -f sim/cfg.awk $< > $@

$(B)/sim/lxa.dtb: sim/lxa.dts
	@mkdir -p $(@D)
	@echo "  DTC     $<"
	@dtc -q -I dts -O dtb -o $@ $<

# ---- the RTL engine -----------------------------------------------------------------------------------
# The Verilated model may use all of this processor's instructions, which makes it 10 to 15 % faster. What leaves the machine is
# built with V_ARCH=-march=x86-64-v3 or the like; on a processor that lacks something, opening the engine says so (rtl_cpu.c).
V_DIR := $(B)/sim/rtl
V_COMMON := --cc --prefix Vlxa --top-module lxa_sim_top --unroll-count 600 --unroll-stmts 1000000 \
	--output-split 20000 --output-split-cfuncs 4000 -Wno-fatal
V_SRCS := $(RTL_LINT) $(RTL_SRCS)
ifneq ($(SECOND),)
V_SRCS := rtl/config/$(CONFIG)/lxa_cfg_pkg.sv $(B)/sim/second.v
V_FLAGS := $(V_COMMON) -Wno-lint -Wno-style -O3 --x-assign unique --x-initial unique --noassert
else ifeq ($(WAVES)$(CHECK),)
V_FLAGS := $(V_COMMON) -O3 --x-assign fast --x-initial fast --noassert
else
V_FLAGS := $(V_COMMON) -O3 --x-assign unique --x-initial unique --assert \
	$(if $(WAVES),--trace-fst --trace-structs) $(if $(CHECK),-DLXA_SYNTH_FORM)
endif
V_ARCH := -march=native
# Without SLP: it joins loads of what single stores have just written, which stall.
# Without unique symbols: those stay visible in a library whatever it hides.
V_CXX = $(if $(SECOND),-O1,-O2) $(V_ARCH) -fno-tree-slp-vectorize -fopenmp-simd -fPIC -fno-gnu-unique -w
# Instruction sets beyond the baseline that V_ARCH lets the compiler use, as far as it can be asked for them at run time.
$(B)/sim/lxa_rtl_needs.h: sim/rules.mk
	@mkdir -p $(@D)
	@{ echo '/* made by sim/rules.mk for $(V_ARCH) */'; printf '#define LXA_RTL_NEEDS'; \
		$(CXX) $(V_ARCH) -dM -E -x c++ /dev/null | LC_ALL=C sort | \
		sed -nE 's/^#define __(AVX2|BMI2|FMA|GFNI|VPCLMULQDQ|AVX512[A-Z0-9]*)__ 1/\1/p' | \
		grep -vE '^AVX512(VP2INTERSECT|FP16)' | tr 'A-Z' 'a-z' | sed 's/.*/ NEED("&")/' | tr -d '\n'; echo; } > $@
$(B)/sim/rtl_cpu.o: $(B)/sim/lxa_rtl_needs.h

V_INCLUDE := /usr/share/verilator/include

# Processes become registers and multiplexers, memories stay; names of modules and registers stay too.
$(B)/sim/second.v: $(RTL_SRCS) sim/rules.mk
	@mkdir -p $(@D)
	@echo "  YOSYS   $@ ($(CONFIG))"
	@yosys -q -w "Replacing memory" -p "read_verilog -sv $(RTL_SRCS); hierarchy -check -top lxa_top; proc; opt; \
		memory_collect; opt_clean; write_verilog -noattr $@.tmp"
	@mv $@.tmp $@

$(V_DIR)/Vlxa.mk: $(V_SRCS) sim/rtl_state.vlt sim/lxa_sim_top.sv sim/rules.mk
	@mkdir -p $(@D)
	@echo "  VERILATE rtl/lxa_top.sv ($(CONFIG)$(if $(WAVES),$(comma) waves)$(if $(CHECK),$(comma) check)$(if $(SECOND),$(comma) read by yosys))"
	@rm -f $(V_DIR)/*
	@verilator $(V_FLAGS) --Mdir $(V_DIR) sim/rtl_state.vlt $(V_SRCS) sim/lxa_sim_top.sv

# $(call v_build,flags): the library of the Verilated model
define v_build
+$(MAKE) -s --no-print-directory -C $(V_DIR) -f Vlxa.mk CXX=$(CXX) OPT_FAST="$(V_CXX) $(1)" \
	OPT_SLOW="$(if $(SECOND),-O0,-O1) $(V_ARCH) -fPIC -fno-gnu-unique -w" OPT_GLOBAL="$(V_CXX) $(1)" Vlxa__ALL.a $(V_GLOBAL) >/dev/null
endef

ifeq ($(WAVES)$(CHECK)$(SECOND)$(SAN),)
V_PROFILE := $(if $(PGO),$(V_DIR)/profile)
V_TRAIN := $(B)/tests/bench/bench-sim.o $(addprefix $(B)/tests/rtl/,rig.o layer.o ref.o)
endif

# What the compiler is to know of the model is counted while it works: which of the branches that fill it are taken, and what
# need not lie between them. The work is a layer of each array, as bench-sim has them; random layers, which are small and of
# every kind, teach it half as much.
$(V_DIR)/profile: $(V_DIR)/Vlxa.mk | $(V_TRAIN) $(SIM_OBJS) $(B)/sim/engine_rtl.o
	@echo "  TRAIN   $@"
	@rm -f $(V_DIR)/*.o $(V_DIR)/*.a $(V_DIR)/*.gcda
	@$(call v_build,-fprofile-generate -fprofile-update=single)
	@$(CC) -fprofile-generate -o $(V_DIR)/train $(V_TRAIN) $(SIM_OBJS) $(B)/sim/engine_rtl.o $(V_DIR)/Vlxa__ALL.a \
		$(V_GLOBAL:%=$(V_DIR)/%) $(SIM_LDLIBS)
	@$(V_DIR)/train -r 1 rtl-log rtl-binary > $@.log || { cat $@.log; exit 1; }
	@rm -f $(V_DIR)/*.o $(V_DIR)/*.a
	@touch $@

$(V_DIR)/Vlxa__ALL.a: $(V_DIR)/Vlxa.mk $(V_PROFILE)
	@echo "  VBUILD  $@"
	@$(call v_build,$(if $(V_PROFILE),-fprofile-use -fprofile-partial-training -Wno-missing-profile))
	@touch $@

V_GLOBAL := verilated.o verilated_threads.o $(if $(WAVES),verilated_fst_c.o)

# Verilator's memory of the clock, by whatever name this version has; without it a cycle takes two evaluations
V_CLK_SEEN = $(if $(WAVES)$(CHECK)$(SECOND),,$(addprefix -DLXA_CLK_SEEN=,$(shell grep -o -m1 '__Vtrig[a-z]*_*TOP__clk_i[_0-9]*' $(V_DIR)/Vlxa___024root.h)))

$(B)/sim/engine_rtl.o: sim/engine_rtl.cpp $(V_DIR)/Vlxa.mk $(B)/sim/lxa_cfg.h
	@echo "  CXX     $<"
	@$(CXX) $(CPPFLAGS) $(SIM_FLAGS) -std=gnu++17 -g $(V_CXX) -isystem $(V_INCLUDE) -isystem $(V_INCLUDE)/vltstd \
		-isystem $(V_DIR) $(V_CLK_SEEN) -DVM_TRACE=$(if $(WAVES),1,0) -DVM_TRACE_FST=$(if $(WAVES),1,0) -c -o $@ $<

$(SIM_LIB): $(SIM_OBJS) $(B)/sim/engine_rtl.o $(V_DIR)/Vlxa__ALL.a
	@echo "  AR      $@"
	@rm -f $@
	@cp $(V_DIR)/Vlxa__ALL.a $@
	@$(AR) rs $@ $(SIM_OBJS) $(B)/sim/engine_rtl.o $(V_GLOBAL:%=$(V_DIR)/%) 2>/dev/null

ALL += $(SIM_LIB)

# A command that can record waveforms, beside the fast one.
.PHONY: waves
waves: ## build $(B)/waves/lxa, which records waveforms (lxa run --trace FILE.fst)
	@$(MAKE) --no-print-directory WAVES=1 B=$(B)/waves $(B)/waves/lxa

include tests/rtl/rules.mk
