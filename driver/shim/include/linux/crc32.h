/* SPDX-License-Identifier: GPL-2.0 OR MIT */
/* The reflected CRC-32 (polynomial 0xedb88320), a bit at a time. */
#ifndef SHIM_LINUX_CRC32_H
#define SHIM_LINUX_CRC32_H

#include <linux/types.h>

static inline u32 crc32_le(u32 crc, const unsigned char *p, size_t n)
{
	int bit;

	for (; n; n--)
		for (crc ^= *p++, bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	return crc;
}

#endif
