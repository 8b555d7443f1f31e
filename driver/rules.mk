# SPDX-License-Identifier: MIT
# Builds the driver's objects against the user-space shim (driver/shim/rules.mk links them), the kernel module, and the
# validator's test.
include driver/sources.mk

# Object files of the driver for the user-space world, and of the validator alone (no kernel API: links anywhere).
DRIVER_OBJS := $(addprefix $(B)/,$(LXA_DRIVER_OBJS))
VALIDATE_OBJS := $(B)/driver/lxa_validate.o

# Kernel style is gnu11; unused parameters are part of callbacks' types there.
$(DRIVER_OBJS): CFLAGS += -std=gnu11 -Wno-sign-compare -Wno-missing-field-initializers
$(DRIVER_OBJS): CPPFLAGS += -Idriver/shim/include
$(VALIDATE_OBJS): CPPFLAGS := $(CPPFLAGS)

# The module is built in a copy: the kernel's build writes beside the sources it is given.
KDIR ?= $(firstword $(wildcard /lib/modules/$(shell uname -r)/build) \
	$(patsubst %/.,%,$(lastword $(sort $(wildcard /usr/src/linux-headers-*-amd64/.)))))
MODULE_SRCS = Kbuild $(filter-out driver/shim/%,$(wildcard driver/*.[ch] driver/*.mk driver/uapi/*.h))
MODULE_MAKE = $(MAKE) --no-print-directory -C $(KDIR) M=$(abspath $(B)/module) $(if $(KARCH),ARCH=$(KARCH)) W=1 modules

.PHONY: module module-sources dkms
module: module-sources ## build the kernel module lxa.ko in $(B)/module (KDIR=kernel headers)
	@test -n "$(KDIR)" || { echo "no kernel headers: apt install linux-headers-amd64, or give KDIR=" >&2; exit 1; }
	$(MODULE_MAKE) $(if $(SPARSE),C=2)

module-sources:
	@[ "$$(cat $(B)/module/.kdir 2>/dev/null)" = "$(KDIR)" ] || rm -rf $(B)/module # another kernel, another configuration
	@mkdir -p $(B)/module && echo "$(KDIR)" > $(B)/module/.kdir
	@for f in $(MODULE_SRCS); do \
		cmp -s $$f $(B)/module/$$f || { mkdir -p $(B)/module/$$(dirname $$f) && cp $$f $(B)/module/$$f; }; \
	done

DKMS_VERSION := $(shell sed -n 's/^PACKAGE_VERSION="\(.*\)"/\1/p' driver/dkms.conf)
DKMS_DIR = $(B)/dkms/lxa-$(DKMS_VERSION)
dkms: ## the module's sources for DKMS in $(B)/dkms/lxa-VERSION: copy that to /usr/src, then dkms install lxa/VERSION
	@rm -rf $(DKMS_DIR)
	@for f in $(MODULE_SRCS); do mkdir -p $(DKMS_DIR)/$$(dirname $$f) && cp $$f $(DKMS_DIR)/$$f; done
	@cp driver/dkms.conf $(DKMS_DIR)/
	@echo "$(DKMS_DIR): cp -r $(DKMS_DIR) /usr/src/ && dkms install lxa/$(DKMS_VERSION)"

TESTS += tests/kernel/module-build.sh

-include tests/unit/validate.mk
-include driver/shim/rules.mk
-include tests/fuzz/rules.mk
