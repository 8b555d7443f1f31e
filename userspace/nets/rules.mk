# SPDX-License-Identifier: MIT
# userspace/nets/: networks that others trained, brought into ONNX.

EXPORT_BINARY := $(B)/export-binary

$(EXPORT_BINARY): $(B)/userspace/nets/export_binary.o $(B)/userspace/nets/binary.o $(LXA_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LXA_LDLIBS)

ALL += $(EXPORT_BINARY)

NETWORKS_OBJS := $(addprefix $(B)/userspace/,nets/networks.o nets/network_list.o cli/progress.o)

$(B)/networks: $(NETWORKS_OBJS) $(DATA_OBJS) $(LXA_LIB) $(DRIVER_LIB) $(SIM_LIB) | $(EXPORT_BINARY)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) $(SIM_LDLIBS) $(LXA_LDLIBS)

ALL += $(B)/networks

.PHONY: networks
networks: $(B)/networks ## real networks from LXA_DATA on rtl, model and cpu: the table of userspace/NETWORKS.md (minutes)
	@$< $(TEST_DATA) $(B)
