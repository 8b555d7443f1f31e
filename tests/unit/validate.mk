# SPDX-License-Identifier: MIT
# The validator's test, always under ASan and UBSan: it feeds on random bytes. Included by driver/rules.mk.
VALIDATE_TEST := $(B)/tests/unit/validate_test
TESTS += $(VALIDATE_TEST)
ALL += $(VALIDATE_TEST)

$(VALIDATE_TEST): tests/unit/validate_test.c tests/unit/validate_naive.h driver/lxa_validate.c driver/lxa_validate.h driver/lxa_regs.h \
		driver/uapi/lxa.h driver/uapi/lxa_layout.h
	@mkdir -p $(@D)
	@echo "  LD      $@"
	@$(CC) -D_GNU_SOURCE -Idriver -std=gnu17 -g -O1 $(WARN) -fsanitize=address,undefined -fno-sanitize-recover=all \
		-fno-omit-frame-pointer -o $@ $(filter %.c,$^) -lcmocka
