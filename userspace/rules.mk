# SPDX-License-Identifier: MIT
# userspace/: liblxa (static and shared), the ONNX reader generated from Debian's onnx.proto, and what is built on them.

ONNX_PROTO ?= /usr/include/onnx/onnx.proto
LXA_PB := $(B)/userspace/lib/onnx.pb-c
LXA_SRCS := $(wildcard userspace/lib/*.c)
LXA_OBJS := $(LXA_SRCS:%.c=$(B)/%.o) $(LXA_PB).o $(patsubst %.c,$(B)/%.o,$(wildcard rtl/cycles/*.c))
LXA_LIB := $(B)/liblxa.a
LXA_SO := $(B)/liblxa.so
# What a program that links liblxa.a needs besides; liblxa.so brings it along.
LXA_LDLIBS = -ldnnl -lprotobuf-c -lz -lm -lpthread
LXA_CPPFLAGS := -Iuserspace -Iuserspace/lib -I$(B)/userspace/lib

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
# The shared library brings the in-process driver and simulator along.
$(LXA_SO): $(LXA_OBJS) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -shared -Wl,-soname,liblxa.so -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)

ALL += $(LXA_LIB) $(LXA_SO)

# In this order: each uses the variables of those before it.
include userspace/data/rules.mk
include userspace/train/rules.mk
include userspace/cli/rules.mk
include userspace/nets/rules.mk
-include tests/unit/graph.mk
-include tests/unit/plan.mk
-include tests/unit/networks.mk
-include userspace/examples/rules.mk
