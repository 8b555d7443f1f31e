# SPDX-License-Identifier: MIT
# userspace/: liblxa (static and shared), the ONNX reader generated from Debian's onnx.proto, and what is built on them.

ONNX_PROTO ?= /usr/include/onnx/onnx.proto
LXA_PB := $(B)/userspace/lib/onnx.pb-c
LXA_SRCS := $(wildcard userspace/lib/*.c userspace/quant/*.c)
LXA_OBJS := $(LXA_SRCS:%.c=$(B)/%.o) $(LXA_PB).o $(patsubst %.c,$(B)/%.o,$(wildcard rtl/cycles/*.c))
LXA_LIB := $(B)/liblxa.a
# liblxa.so.N: N is the version of the binary interface, raised when a program linked before would break.
LXA_VERSION := 1.0.0
LXA_SONAME := liblxa.so.$(firstword $(subst ., ,$(LXA_VERSION)))
LXA_SO := $(B)/liblxa.so
LXA_MAP := userspace/liblxa.map
# What a program that links liblxa.a needs besides; liblxa.so brings it along.
LXA_LDLIBS = -ldnnl -lprotobuf-c -lz -lm -lpthread
LXA_CPPFLAGS := -Iuserspace -Idriver -Iuserspace/lib -I$(B)/userspace/lib

# Contraction off: a float result must not depend on whether the compiler found a multiply-add.
$(B)/userspace/%.o: CPPFLAGS += $(LXA_CPPFLAGS)
$(B)/userspace/%.o: CFLAGS += -ffp-contract=off
$(LXA_PB).o: WARN =

$(LXA_PB).c $(LXA_PB).h &: $(ONNX_PROTO)
	@mkdir -p $(@D)
	@echo "  PROTOC  $<"
	@protoc-c --proto_path=$(dir $<) --c_out=$(@D) $<
$(LXA_PB).o: $(LXA_PB).c
	@echo "  CC      $<"
	@$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<
$(LXA_SRCS:%.c=$(B)/%.o): | $(LXA_PB).h

$(LXA_LIB): $(LXA_OBJS)
	@echo "  AR      $@"
	@rm -f $@; $(AR) rcs $@ $^
# The library with the in-process driver and simulator, as one object in which only lxa.h's functions are visible: a program may
# have functions of the others' names. Groups are C++ templates, which would be shared with the program's.
LXA_OBJ := $(B)/install/all.o
$(LXA_OBJ): $(LXA_OBJS) $(DRIVER_LIB) $(SIM_LIB) $(LXA_MAP)
	@mkdir -p $(@D)
	@echo "  LD -r   $@"
	@$(LD) -r --force-group-allocation -o $@.tmp $(filter-out $(LXA_MAP),$^)
	@sed -n 's/^\t\(lxa_[a-z0-9_]*\);.*/\1/p' $(LXA_MAP) > $@.public
	@objcopy --keep-global-symbols=$@.public $@.tmp $@
	@rm -f $@.tmp $@.public

$(LXA_SO): $(LXA_OBJ) $(LXA_MAP)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,$(LXA_SONAME) -Wl,--version-script=$(LXA_MAP) $(if $(SAN),,-Wl,-z,defs) \
		-o $@ $< $(DRIVER_LDLIBS) $(LXA_LDLIBS)
	@ln -sf $(@F) $(B)/$(LXA_SONAME)

ALL += $(LXA_LIB) $(LXA_SO)

# In this order: each uses the variables of those before it.
include userspace/data/rules.mk
include userspace/train/rules.mk
include userspace/cli/rules.mk
include userspace/nets/rules.mk
-include tests/unit/graph.mk
-include tests/unit/plan.mk
-include tests/fuzz/onnx.mk
-include tests/unit/networks.mk
-include tests/unit/lib.mk
-include userspace/examples/rules.mk
include userspace/install.mk
