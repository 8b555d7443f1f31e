# SPDX-License-Identifier: MIT
# The examples against an installed liblxa: make, or make STATIC=1 (liblxa.a; what that needs is linked as shared libraries).
PKG_CONFIG ?= pkg-config
CFLAGS ?= -O2 -Wall
LXA_CFLAGS := $(shell $(PKG_CONFIG) --cflags liblxa)
ifeq ($(STATIC),)
LXA_LIBS := $(shell $(PKG_CONFIG) --libs liblxa)
else
LXA_LIBS := $(patsubst -llxa,-l:liblxa.a,$(shell $(PKG_CONFIG) --static --libs liblxa))
endif
PROGRAMS := $(patsubst %.c,%,$(wildcard *.c))

all: $(PROGRAMS)

%: %.c
	$(CC) $(CFLAGS) $(LXA_CFLAGS) -o $@ $< $(LXA_LIBS) -lpthread

clean:
	rm -f $(PROGRAMS)
