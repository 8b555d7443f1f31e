# SPDX-License-Identifier: MIT
# The fuzzer of the ONNX reader and planner, and what makes its first inputs. Included by userspace/rules.mk, which has the library
# that it needs; the rest of fuzzing is in rules.mk.
FUZZ_ONNX := $(FUZZ_DIR)/fuzz_onnx
FUZZ_SEEDS := $(FUZZ_DIR)/onnx_seeds

$(FUZZ_ONNX).o $(FUZZ_SEEDS).o $(FUZZ_DIR)/onnx_mutate.o: CPPFLAGS += $(LXA_CPPFLAGS)
$(FUZZ_DIR)/onnx_mutate.o: | $(LXA_PB).h
$(FUZZ_ONNX): $(FUZZ_DIR)/fuzz_onnx.o $(FUZZ_DIR)/onnx_mutate.o $(FUZZ_MAIN) $(LXA_LIB) $(DRIVER_LIB) $(KSELFTEST_SIM)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) $(FUZZ_LINK) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)
$(FUZZ_SEEDS): $(FUZZ_DIR)/onnx_seeds.o $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(LXA_LDLIBS)

# The kernels choose instruction sets and -O3 in ways that only gcc knows; they do not look at files, so they go without coverage.
ifneq ($(FUZZ),)
$(patsubst %.c,$(B)/%.o,$(wildcard userspace/lib/kernel*.c)): override CC = gcc
$(patsubst %.c,$(B)/%.o,$(wildcard userspace/lib/kernel*.c)): override SAN =
endif

.PHONY: fuzz-seeds
fuzz-seeds: $(FUZZ_SEEDS) ## write the first inputs of the ONNX fuzzer again, after a new operator
	@mkdir -p tests/fuzz/corpus/fuzz_onnx
	$(FUZZ_SEEDS) tests/fuzz/corpus/fuzz_onnx

$(FUZZ_ONNX).replay.sh: $(FUZZ_ONNX)
	@printf '#!/bin/sh\nASAN_OPTIONS=allocator_may_return_null=1 exec timeout 300 $< tests/fuzz/corpus/fuzz_onnx $${FUZZ_SECONDS:-8}\n' > $@
	@chmod +x $@
fuzz-programs: $(FUZZ_ONNX)
ifeq ($(SAN),)
TESTS_LONG += tests/fuzz/long-onnx.sh
else
ifeq ($(findstring thread,$(SAN)),)
SAN_PROGRAMS += $(FUZZ_ONNX).replay.sh
san-programs: $(FUZZ_ONNX).replay.sh
endif
endif
