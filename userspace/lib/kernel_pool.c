/* SPDX-License-Identifier: MIT */
/* kernel_pool.c - max-pool on packed codes: codes keep the order of the values, so the largest code is the pool's. */
#include <string.h>

#include "kernel.h"

/* into = max(into, px), n bytes of elements; signed ones: w32, and b8 of kind int8 with a negative lower clamp. */
static void max_into(uint8_t *into, const uint8_t *px, uint32_t n, uint32_t bits, int is_signed)
{
	uint32_t i;

	if (bits == 1) {
		for (i = 0; i < n; i++)
			into[i] |= px[i];
	} else if (bits == 4) {
		for (i = 0; i < n; i++) {
			uint8_t lo = (px[i] & 15) > (into[i] & 15) ? px[i] & 15 : into[i] & 15;
			uint8_t hi = (px[i] & 240) > (into[i] & 240) ? px[i] & 240 : into[i] & 240;

			into[i] = lo | hi;
		}
	} else if (bits == 8 && is_signed) {
		for (i = 0; i < n; i++)
			into[i] = (int8_t)px[i] > (int8_t)into[i] ? px[i] : into[i];
	} else if (bits == 8) {
		for (i = 0; i < n; i++)
			into[i] = px[i] > into[i] ? px[i] : into[i];
	} else {
		for (i = 0; i < n; i += 4) {
			int32_t a, b;

			memcpy(&a, into + i, 4);
			memcpy(&b, px + i, 4);
			if (b > a)
				memcpy(into + i, &b, 4);
		}
	}
}

void lxa_kernel_pool(const struct lxa_kernel *k, const uint8_t *codes, uint32_t c0, uint32_t y0, uint32_t y1, uint8_t *out)
{
	const struct lxa_job *j = &k->job;
	const struct lxa_layout *lay = &k->lay;
	uint32_t bits = lxa_ofmt_bits(j->out_fmt), oy, ox;
	int is_signed = j->kind == LXA_KIND_INT8 && j->clamp_lo < 0;

	for (oy = y0; oy < y1; oy++) {
		for (ox = 0; ox < lay->out_w; ox++) {
			int cy = (int)(oy * j->pool_sy) - j->pool_pt, cx = (int)(ox * j->pool_sx) - j->pool_pl, y, x;
			uint8_t *dst = out + oy * lay->out_row + (size_t)ox * lay->out_px;
			int first = 1;

			for (y = cy < 0 ? 0 : cy; y < cy + j->pool_h && y < (int)lay->conv_h; y++) {
				for (x = cx < 0 ? 0 : cx; x < cx + j->pool_w && x < (int)lay->conv_w; x++) {
					const uint8_t *px = codes + ((size_t)(y - (int)c0) * lay->conv_w + (size_t)x) * lay->out_px;

					if (first)
						memcpy(dst, px, k->written);
					else
						max_into(dst, px, k->written, bits, is_signed);
					first = 0;
				}
			}
			if (first)
				memset(dst, 0, k->written);
		}
	}
}
