# SPDX-License-Identifier: MIT
# userspace/train/: the trainer. TRAIN_OBJS is what a program with lxa_train_main() links, besides LXA_LIB and
# DATA_OBJS.

TRAIN_OBJS := $(patsubst %.c,$(B)/%.o,$(filter-out userspace/train/main.c,$(wildcard userspace/train/*.c)))
TRAIN_PARTS := $(TRAIN_OBJS) $(DATA_OBJS) $(B)/userspace/cli/progress.o
# OpenMP, only to say how many threads oneDNN may take.
TRAIN_LDLIBS := -lgomp
TRAIN := $(B)/lxa-train

# The element-wise loops want vectors.
$(B)/userspace/train/%.o: CFLAGS += -O3
$(B)/userspace/train/%.o: CPPFLAGS += -Iuserspace

$(TRAIN): $(B)/userspace/train/main.o $(TRAIN_PARTS) $(LXA_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LXA_LDLIBS) $(TRAIN_LDLIBS)

# userspace/cli/rules.mk is read before this file, when TRAIN_OBJS and DATA_OBJS were empty still.
$(B)/lxa: $(TRAIN_OBJS) $(DATA_OBJS)
$(B)/lxa: private LXA_LDLIBS += $(TRAIN_LDLIBS)

TRAIN_TESTS := $(addprefix $(B)/tests/unit/,data_test train_test train_run_test)
$(TRAIN_TESTS:=.o): CPPFLAGS += $(LXA_CPPFLAGS) -Iuserspace
$(B)/tests/unit/train_run_test.o: CPPFLAGS += -DTRAIN_PROGRAM='"$(TRAIN)"'
$(TRAIN_TESTS): %: %.o $(TRAIN_PARTS) $(LXA_LIB)
	@echo "  LD      $@"
	@$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ -lcmocka $(LXA_LDLIBS) $(TRAIN_LDLIBS)
$(B)/tests/unit/train_run_test: | $(TRAIN)

ALL += $(TRAIN) $(TRAIN_TESTS)
TESTS += $(TRAIN_TESTS)
TESTS_LONG += tests/unit/retrain_test.sh
