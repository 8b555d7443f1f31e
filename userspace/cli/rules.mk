# SPDX-License-Identifier: MIT
# The `lxa` command, and `make run`.

$(B)/userspace/cli/main.o: CPPFLAGS += -DLXA_VERSION='"$(LXA_VERSION)"'
CLI_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/cli/*.c))

$(B)/lxa: $(CLI_OBJS) $(TRAIN_OBJS) $(DATA_OBJS) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(SIM_LDLIBS) $(LXA_LDLIBS) $(TRAIN_LDLIBS)

ALL += $(B)/lxa

# MNIST when LXA_DATA has it, else the digits. On the RTL a network for 28x28 pixels takes its time: 1,000 images unless
# LIMIT says otherwise.
MNIST_HERE := $(and $(LXA_DATA),$(wildcard $(LXA_DATA)/t10k-images* $(LXA_DATA)/mnist/t10k-images*))
.PHONY: run-built
ifneq ($(MNIST_HERE),)
RUN_MODEL = userspace/models/mnist-lxa.onnx
RUN_DATA = $(LXA_DATA)
LIMIT ?= 1000
run-built: $(B)/lxa
else
RUN_MODEL = userspace/models/digits-lxa.onnx
RUN_DATA = $(dir $(DIGITS))
LIMIT ?= 0
run-built: $(B)/lxa $(DIGITS)
endif
run-built:
	@$(if $(LXA_DATA),$(if $(MNIST_HERE),,echo "no MNIST files in $(LXA_DATA): the built-in digits instead"))
	@$(B)/lxa run $(RUN_MODEL) --data $(RUN_DATA) --limit $(LIMIT) --engine rtl --json $(B)/run.json

TESTS += tests/unit/cli-test.sh man/check.sh man/check-lib.sh
tests-built: $(B)/lxa $(DIGITS)
