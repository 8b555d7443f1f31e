# SPDX-License-Identifier: MIT
# userspace/nets/: networks that others trained, brought into ONNX.

EXPORT_BINARY := $(B)/export-binary

$(EXPORT_BINARY): $(B)/userspace/nets/export_binary.o $(B)/userspace/nets/binary.o $(LXA_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LXA_LDLIBS)

ALL += $(EXPORT_BINARY)
