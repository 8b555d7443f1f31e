/* SPDX-License-Identifier: MIT */
/* exec_check.c - the CPU kernel on the device's input against the device's output. */
#include <stdio.h>
#include <string.h>

#include "exec.h"

static void note_mismatch(struct run *r, int layer, int64_t image, uint32_t c, uint32_t y, uint32_t x, int32_t dev,
			  int32_t cpu)
{
	if (r->res.mismatches++)
		return;
	snprintf(r->res.first_mismatch, sizeof(r->res.first_mismatch),
		 "layer %.100s, image %lld, channel %u, row %u, column %u: device %d, CPU %d", exec_layer_name(r->p, layer),
		 (long long)image, c, y, x, dev, cpu);
}

static void compare_image(struct run *r, int layer, int64_t image, const uint8_t *dev, const uint8_t *cpu)
{
	struct plan_layer *l = r->p->layers[layer];
	const struct lxa_layout *lay = &l->layer.lay;
	uint32_t bits = lxa_ofmt_bits(l->layer.job.out_fmt), y, x, c, written;
	uint64_t at;

	/* the device writes whole blocks of channels, zeros beyond the last one */
	written = lay->ocb * lay->block_oc * bits / 8 < lay->out_px ? lay->ocb * lay->block_oc * bits / 8 : lay->out_px;
	for (y = 0; y < lay->out_h; y++) {
		for (x = 0; x < lay->out_w; x++) {
			at = y * lay->out_row + (uint64_t)x * lay->out_px;
			l->rep.compared += l->layer.job.out_c;
			r->res.compared += l->layer.job.out_c;
			if (!memcmp(dev + at, cpu + at, written))
				continue;
			for (c = 0; c < written * 8 / bits; c++) {
				int32_t a = lxa_element_get(dev + at, bits, c), b = lxa_element_get(cpu + at, bits, c);

				if (a == b)
					continue;
				l->rep.mismatches++;
				note_mismatch(r, layer, image, c, y, x, a, b);
			}
		}
	}
}

void exec_check(struct run *r, struct plan_batch *b, int layer)
{
	struct plan_layer *l = r->p->layers[layer];
	const uint8_t *in = b->v[l->in_value].packed, *out = b->v[l->out_value].packed;
	const uint8_t *res = l->res_value < 0 ? NULL : b->v[l->res_value].packed;
	struct exec_span start = exec_time();
	int64_t i;

	for (i = 0; i < b->n; i++) {
		lxa_kernel_run_res(l->layer.kernel, 1, in + (uint64_t)i * l->layer.lay.in_img,
				   res ? res + (uint64_t)i * l->layer.lay.res_img : NULL, r->p->check);
		compare_image(r, layer, b->first + i, out + (uint64_t)i * l->layer.lay.out_img, r->p->check);
	}
	exec_took(b->n, start, &l->rep.check_s, PROF_CHECK, exec_layer_name(r->p, layer), NULL);
	exec_did(r, b, PLAN_DID_CHECK, layer);
}
