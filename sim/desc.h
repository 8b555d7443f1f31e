/* SPDX-License-Identifier: MIT */
/* desc.h - fields of descriptors, by the LXA_D_* constants of driver/lxa_regs.h. */
#ifndef LXA_SIM_DESC_H
#define LXA_SIM_DESC_H

#include <stdint.h>

#include "lxa_regs.h"

static inline uint64_t desc_get(const uint32_t *d, uint32_t field)
{
	uint32_t word = LXA_DF_WORD(field), lsb = LXA_DF_LSB(field), width = LXA_DF_WIDTH(field);

	if (width == 64)
		return d[word] | (uint64_t)d[word + 1] << 32;
	return width == 32 ? d[word] : d[word] >> lsb & ((1u << width) - 1);
}

static inline void desc_set(uint32_t *d, uint32_t field, uint64_t v)
{
	uint32_t word = LXA_DF_WORD(field), lsb = LXA_DF_LSB(field), width = LXA_DF_WIDTH(field);
	uint32_t mask = width >= 32 ? ~0u : ((1u << width) - 1) << lsb;

	d[word] = (d[word] & ~mask) | ((uint32_t)v << lsb & mask);
	if (width == 64)
		d[word + 1] = (uint32_t)(v >> 32);
}

#endif
