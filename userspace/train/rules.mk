# SPDX-License-Identifier: MIT
# userspace/train/: the trainer. TRAIN_OBJS is what a program with lxa_train_main() links, besides LXA_LIB and DATA_OBJS.

TRAIN_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out userspace/train/main.c,$(wildcard userspace/train/*.c)))
TRAIN_LDLIBS := -lgomp	# how many threads oneDNN takes
TRAIN := $(B)/lxa-train

# The element-wise loops want vectors.
$(B)/userspace/train/%.o: CFLAGS += -O3
$(B)/userspace/train/%.o: CPPFLAGS += -Iuserspace

$(TRAIN): $(B)/userspace/train/main.o $(TRAIN_OBJS) $(DATA_OBJS) $(B)/userspace/cli/progress.o $(LXA_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LXA_LDLIBS) $(TRAIN_LDLIBS)

ALL += $(TRAIN)
