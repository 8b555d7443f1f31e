# SPDX-License-Identifier: MIT
# The user-space world of the driver. Exports
#   DRIVER_LIB     $(B)/libdriver.a: driver + shim as one object in which only lxa_shim.h's names are visible
#   DRIVER_LDLIBS  what else to link after it (the simulator included): cc ... $(DRIVER_LIB) $(SIM_LIB) $(DRIVER_LDLIBS)
#   PRELOAD_LIB    $(B)/liblxa-preload.so for unmodified programs
SHIM_C := $(filter-out driver/shim/preload.c,$(wildcard driver/shim/*.c))
DAEMON_C := $(wildcard driver/daemon/*.c)
SHIM_OBJS := $(SHIM_C:%.c=$(B)/%.o) $(DAEMON_C:%.c=$(B)/%.o)
DRIVER_LIB := $(B)/libdriver.a
DRIVER_LDLIBS = $(SIM_LDLIBS) -lpthread
PRELOAD_LIB := $(B)/liblxa-preload.so
PRELOAD_OBJ := $(B)/driver/shim/preload.o

$(SHIM_OBJS): CPPFLAGS += -Idriver/shim/include -Idriver/shim
$(SHIM_OBJS) $(PRELOAD_OBJ): CFLAGS += -fvisibility=default
$(B)/driver/shim/host_sim.o: CPPFLAGS := $(CPPFLAGS) -Idriver/shim -Isim
$(PRELOAD_OBJ): CPPFLAGS += -Idriver/shim
$(PRELOAD_OBJ): CFLAGS += $(if $(SAN),-fno-sanitize=all)
$(DRIVER_OBJS) $(SHIM_OBJS): CFLAGS += $(if $(findstring thread,$(SAN)),-Wno-tsan)

# One object, so that kmalloc and its like cannot meet a program's own names; the preload library wants calls.h as well.
SHIM_VISIBLE = lxa_open lxa_open_error lxa_ioctl lxa_mmap lxa_munmap lxa_poll lxa_read lxa_dup lxa_close lxa_shim_* lxa_daemon_*
SHIM_CALLS = shim_fget shim_fput shim_fd_dup shim_fd_forget shim_fd_forget_range shim_do_* shim_munmap

$(B)/driver/shim/driver.o: $(DRIVER_OBJS) $(SHIM_OBJS)
	@echo "  LD -r   $@"
	@$(LD) -r -o $@.tmp $^
	@objcopy --wildcard $(foreach s,$(SHIM_VISIBLE) $(SHIM_CALLS),--keep-global-symbol='$(s)') $@.tmp $@
	@rm -f $@.tmp

$(DRIVER_LIB): $(B)/driver/shim/driver.o
	@echo "  AR      $@"
	@rm -f $@
	@$(AR) rcs $@ $^

$(PRELOAD_LIB): $(PRELOAD_OBJ) $(DRIVER_LIB) $(SIM_LIB) driver/shim/preload.map
	@echo "  LD      $@"
	@$(CC) -shared $(LDFLAGS) -Wl,--version-script=driver/shim/preload.map -o $@ $(PRELOAD_OBJ) \
		-Wl,--whole-archive $(DRIVER_LIB) -Wl,--no-whole-archive $(SIM_LIB) $(DRIVER_LDLIBS) -ldl

ALL += $(DRIVER_LIB) $(PRELOAD_LIB)

-include tests/kselftest/rules.mk
