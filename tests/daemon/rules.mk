# SPDX-License-Identifier: MIT
# The daemon and its clients (included by the Makefile, after userspace/).
DAEMONT := $(B)/tests/daemon
$(DAEMONT)/%.o: CPPFLAGS += -Itests/kselftest -Itests/rtl -Idriver -Idriver/uapi -Idriver/shim -Idriver/daemon -Isim
DAEMONT_LIBS := $(PRELOAD_OBJ) $(DRIVER_LIB) $(KSELFTEST_SIM)
DAEMONT_WORK := $(DAEMONT)/work.o $(RTLT)/layer.o $(RTLT)/ref.o

# Clients by plain system calls: the preload library is linked in.
$(DAEMONT)/soak: $(DAEMONT)/soak.o $(DAEMONT_WORK) $(DAEMONT_LIBS)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ $(DRIVER_LDLIBS) -ldl
$(DAEMONT)/soak-%: $(DAEMONT)/soak
	@ln -sf $(<F) $@

TESTS += $(DAEMONT)/soak $(if $(SAN),,$(DAEMONT)/soak-rtl)
TESTS_LONG += $(if $(SAN),,$(DAEMONT)/soak-long $(DAEMONT)/soak-rtl-long)

# The daemon served by the test itself.
$(DAEMONT)/daemon_test: $(patsubst %,$(DAEMONT)/%.o,daemon_test daemon_messages daemon_kills daemon_alloc hosted) $(B)/driver/daemon/wire.o $(DAEMONT_LIBS)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl
$(DAEMONT)/daemon_test.rtl.sh: $(DAEMONT)/daemon_test
	@printf '#!/bin/sh\nLXA_TEST_ENGINE=rtl exec $<\n' > $@
	@chmod +x $@
TESTS += $(DAEMONT)/daemon_test $(if $(SAN),,$(DAEMONT)/daemon_test.rtl.sh)

# The UAPI tests by way of `lxa daemon` and the preload library.
$(DAEMONT)/kselftest.%.sh: $(KSELFTEST_BIN) $(PRELOAD_TEST) $(B)/lxa $(PRELOAD_LIB) tests/daemon/kselftest.sh tests/daemon/rules.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nB=$(B) KSELFTEST_INC=$(KSELFTEST_INC) exec tests/daemon/kselftest.sh $* $(KSELFTEST_BIN) $(PRELOAD_TEST)\n' > $@
	@chmod +x $@
TESTS += $(if $(SAN),,$(DAEMONT)/kselftest.model.sh $(DAEMONT)/kselftest.rtl.sh)

# Under sanitizers, too (tests/kselftest/rules.mk).
SAN_PROGRAMS += $(DAEMONT)/daemon_test $(DAEMONT)/soak
san-programs: $(DAEMONT)/daemon_test $(DAEMONT)/soak

# Whose turn it is.
SCHED_TEST := $(B)/tests/unit/sched_test
$(SCHED_TEST).o: CPPFLAGS += -Itests/kselftest -Idriver/uapi -Idriver/shim -Isim
$(SCHED_TEST): $(SCHED_TEST).o $(DAEMONT_LIBS)
	@echo "  LD      $@"
	@$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(DRIVER_LDLIBS) -ldl
$(SCHED_TEST).rtl.sh: $(SCHED_TEST)
	@printf '#!/bin/sh\nLXA_DEVICE=sim:rtl exec $<\n' > $@
	@chmod +x $@
TESTS += $(SCHED_TEST) $(if $(SAN),,$(SCHED_TEST).rtl.sh)

ifeq ($(SAN),)
TESTS += tests/daemon/cli.sh
tests-built: $(B)/lxa $(DIGITS)
endif
