# SPDX-License-Identifier: MIT
# make install and make uninstall, by the GNU names: PREFIX, DESTDIR and the folders below it.
#   make install PREFIX=/usr libdir=/usr/lib/x86_64-linux-gnu DESTDIR=/tmp/package
# INSTALL lists every file once, as mode!source!destination; what uninstall removes is the same list.
PREFIX ?= /usr/local
DESTDIR ?=
bindir = $(PREFIX)/bin
libdir = $(PREFIX)/lib
includedir = $(PREFIX)/include
datadir = $(PREFIX)/share
mandir = $(datadir)/man
docdir = $(datadir)/doc/liblxa

LXA_ALONE := $(B)/install/liblxa.a
LXA_PC := $(B)/install/liblxa.pc

# As it is installed the static library is one object, the one that the shared library is made of (userspace/rules.mk).
$(LXA_ALONE): $(LXA_OBJ)
	@echo "  AR      $@"
	@rm -f $@
	@objcopy --strip-debug $< $(@D)/liblxa.o
	@$(AR) rcs $@ $(@D)/liblxa.o
	@rm -f $(@D)/liblxa.o

# Written at every install: its folders are arguments.
.PHONY: $(LXA_PC)
$(LXA_PC): userspace/liblxa.pc.in
	@mkdir -p $(@D)
	@sed -e 's!@PREFIX@!$(PREFIX)!' -e 's!@LIBDIR@!$(patsubst $(PREFIX)/%,$${prefix}/%,$(libdir))!' \
		-e 's!@INCLUDEDIR@!$(patsubst $(PREFIX)/%,$${prefix}/%,$(includedir))!' -e 's!@VERSION@!$(LXA_VERSION)!' \
		-e 's!@PRIVATE@!$(sort $(LXA_LDLIBS) $(DRIVER_LDLIBS))!' $< > $@

install_to = $(foreach f,$(2),$(1)!$(f)!$(3)/$(notdir $(f)))
INSTALL = 755!$(B)/lxa!$(bindir)/lxa \
	755!$(LXA_SO)!$(libdir)/liblxa.so.$(LXA_VERSION) \
	$(call install_to,644,$(LXA_ALONE),$(libdir)) \
	$(call install_to,755,$(PRELOAD_LIB),$(libdir)) \
	$(call install_to,644,$(LXA_PC),$(libdir)/pkgconfig) \
	$(call install_to,644,userspace/lxa.h,$(includedir)/lxa) \
	$(call install_to,644,$(wildcard driver/uapi/*.h),$(includedir)/lxa/uapi) \
	$(foreach s,1 3 4,$(call install_to,644,$(wildcard man/*.$(s)),$(mandir)/man$(s))) \
	$(call install_to,644,$(wildcard userspace/models/*.onnx),$(datadir)/lxa/models) \
	$(call install_to,644,$(filter-out %/README.md,$(wildcard userspace/*.md)) $(wildcard LICENSES/*),$(docdir)) \
	$(call install_to,644,$(wildcard userspace/examples/*.c) userspace/examples/README.md,$(docdir)/examples) \
	644!userspace/examples/installed.mk!$(docdir)/examples/Makefile
# A page for every function: a line that leads to the page that has it.
INSTALL_SO = $(shell awk '/^\.Fo / && FILENAME != "man/" $$2 ".3" { print $$2 "!" FILENAME }' man/*.3)
INSTALL_LINKS = $(libdir)/$(LXA_SONAME) $(libdir)/liblxa.so
# Folders that are ours alone, innermost first.
INSTALL_DIRS = $(includedir)/lxa/uapi $(includedir)/lxa $(datadir)/lxa/models $(datadir)/lxa $(docdir)/examples $(docdir)

.PHONY: install install-built uninstall
install: ## library, headers, command, manual pages; PREFIX=/usr/local, DESTDIR=, libdir=...
	@$(MAKE) --no-print-directory -j$(JOBS) $(B)/lxa $(LXA_SO) $(LXA_ALONE) $(PRELOAD_LIB)
	@$(MAKE) --no-print-directory install-built

install-built: $(LXA_PC)
	@for f in $(INSTALL); do \
		from=$${f#*!}; install -D -m $${f%%!*} "$${from%%!*}" "$(DESTDIR)$${from#*!}" || exit 1; \
	done
	@for l in $(INSTALL_LINKS); do ln -sf liblxa.so.$(LXA_VERSION) "$(DESTDIR)$$l" || exit 1; done
	@for s in $(INSTALL_SO); do \
		echo ".so man3/$${s##*/}" > "$(DESTDIR)$(mandir)/man3/$${s%%!*}.3" && \
		chmod 644 "$(DESTDIR)$(mandir)/man3/$${s%%!*}.3" || exit 1; \
	done
	@[ -n "$(DESTDIR)" ] || ldconfig 2>/dev/null || echo "ldconfig, as root, makes the shared library known"
	@$(if $(and $(DESTDIR),$(findstring native,$(V_ARCH))),echo "for another machine: make install B=build/package V_ARCH=-march=x86-64-v3 (the RTL engine is compiled for this one's processor)")
	@echo "installed $(words $(INSTALL)) files in $(DESTDIR)$(PREFIX)"

uninstall: ## what make install put there; the same PREFIX, DESTDIR and folders
	@for f in $(INSTALL); do rm -f "$(DESTDIR)$${f##*!}"; done
	@for l in $(INSTALL_LINKS); do rm -f "$(DESTDIR)$$l"; done
	@for s in $(INSTALL_SO); do rm -f "$(DESTDIR)$(mandir)/man3/$${s%%!*}.3"; done
	@for d in $(INSTALL_DIRS); do rmdir "$(DESTDIR)$$d" 2>/dev/null || true; done
	@echo "removed from $(DESTDIR)$(PREFIX)"

# What the header declares is what the libraries show; what is installed works without the source tree.
ifeq ($(SAN),)
SYMBOLS_TEST := $(B)/tests/unit/symbols-test
INSTALL_TEST := $(B)/tests/unit/install-test
$(SYMBOLS_TEST): tests/unit/symbols-test.sh $(LXA_SO) $(LXA_ALONE) userspace/install.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nB=$(B) CC="$(CC)" CXX="$(CXX)" LXA_VERSION=$(LXA_VERSION) exec $<\n' > $@
	@chmod +x $@
$(INSTALL_TEST): tests/unit/install-test.sh $(B)/lxa $(LXA_SO) $(LXA_ALONE) $(PRELOAD_LIB) $(DIGITS) userspace/install.mk
	@mkdir -p $(@D)
	@printf '#!/bin/sh\nB=$(B) exec $<\n' > $@
	@chmod +x $@
TESTS += $(SYMBOLS_TEST) $(INSTALL_TEST)
ALL += $(LXA_ALONE)
endif
