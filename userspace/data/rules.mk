# SPDX-License-Identifier: MIT
# userspace/data/: the data set readers, and the digits fetched from Debian.

DATA_OBJS := $(patsubst %.c,$(B)/%.o,$(wildcard userspace/data/*.c))
DIGITS := $(B)/data/digits.csv.gz
DIGITS_DEB ?=			# a python3-sklearn .deb that is here already; empty: apt-get download

$(DIGITS): userspace/data/get-digits.sh
	@echo "  FETCH   digits.csv.gz of python3-sklearn"
	@userspace/data/get-digits.sh $(@D) $(DIGITS_DEB)
	@touch $@
