/* SPDX-License-Identifier: MIT */
/*
 * pack.c - codes to the device's memory layout and back: weights, parameters, input and output tensors
 * (rtl/README.md sections 1 and 5). Speed matters only in that a layer is packed once and a tensor once a batch.
 */
#include <string.h>

#include "lxa_layer.h"

/*
 * Weight code of output channel oc for the tensor's input channel c, or off-group / beyond the tensor: 0 and *own =
 * 0. Packed, c counts the bytes under a kernel row.
 */
static int8_t weight_at(const struct lxa_layer *l, uint32_t oc, uint32_t c, uint32_t ky, uint32_t kx, int *own)
{
	const struct lxa_job *j = &l->job;
	uint32_t icg = j->in_c / j->groups, ocg = j->out_c / j->groups, g = oc / ocg;

	if (l->lay.packed) {
		*own = c < l->lay.mac_ic;
		kx = c / j->in_c;
		c %= j->in_c;
	} else {
		*own = c < j->in_c && c / icg == g;
	}
	if (!*own)
		return 0;
	return l->codes[(((size_t)oc * icg + (c - g * icg)) * j->kh + ky) * j->kw + kx];
}

static void pack_tile(const struct lxa_layer *l, uint32_t ocb, uint32_t pass, uint32_t ky, uint32_t kx, uint32_t b,
		      uint8_t *tile)
{
	const struct lxa_layout *y = &l->lay;
	uint32_t o, i;
	int own;

	for (o = 0; o < y->block_oc && ocb * y->block_oc + o < l->job.out_c; o++) {
		for (i = 0; i < y->block_ic; i++) {
			uint32_t c = lxa_layout_channel(y, ocb, b, i);
			int8_t w = weight_at(l, ocb * y->block_oc + o, c, ky, kx, &own);

			if (y->lane == 0)
				tile[o * y->block_ic + i] = (uint8_t)w;
			else if (l->job.wgt_fmt == LXA_WFMT_BITS)
				tile[(o * y->block_ic + i) / 8] |= (uint8_t)(((uint8_t)w >> pass & 1) << (i % 8));
			else if (own ? w > 0 : pass == 1 && c < l->job.in_c)
				tile[(o * y->block_ic + i) / 8] |= (uint8_t)(1 << (i % 8));
		}
	}
}

void lxa_pack_weights(const struct lxa_layer *l, uint8_t *out)
{
	const struct lxa_layout *y = &l->lay;
	uint32_t ocb, pass, ky, kx, b;

	memset(out, 0, y->wgt_bytes);
	for (ocb = 0; ocb < y->ocb; ocb++)
		for (pass = 0; pass < y->passes; pass++)
			for (ky = 0; ky < l->job.kh; ky++)
				for (kx = 0; kx < y->kx; kx++)
					for (b = 0; b < y->icb; b++, out += y->wgt_tile)
						pack_tile(l, ocb, pass, ky, kx, b, out);
}

static void put32(uint8_t *p, uint32_t v)
{
	lxa_element_or(p, 32, 0, (int32_t)v);
}

void lxa_pack_params(const struct lxa_layer *l, uint8_t *out)
{
	const struct lxa_layout *y = &l->lay;
	uint32_t lanes = l->caps.out_lanes, slots = (uint32_t)lxa_round_up(y->block_oc, lanes), oc, i;

	memset(out, 0, y->par_bytes);
	for (oc = 0; oc < l->job.out_c; oc++) {
		const struct lxa_channel *c = &l->chan[oc];
		uint32_t ocb = oc / y->block_oc, o = oc % y->block_oc, words[20] = { 0 };
		uint8_t *base = out + (size_t)(ocb * slots + o / lanes * lanes) * y->par_rows * 16;

		words[0] = (uint32_t)c->bias;
		words[1] = ((uint32_t)((uint64_t)c->bias >> 32) & 0xffff) | (uint32_t)c->mult << 16;
		words[2] = c->shift;
		for (i = 0; i < l->job.nthr; i++)
			words[3 + i] = (uint32_t)c->thr[i];
		for (i = 0; i < y->par_rows * 4; i++)
			put32(base + ((size_t)(i / 4) * lanes + o % lanes) * 16 + i % 4 * 4, words[i]);
	}
}

void lxa_pack_input(const struct lxa_caps *caps, const struct lxa_job *job, uint32_t batch, const int32_t *codes,
		    void *packed)
{
	struct lxa_layout y;
	uint32_t n, c, h, w, bits = lxa_fmt_bits(job->act_fmt);

	lxa_layout(caps, job, &y);
	for (n = 0; n < batch; n++) {
		for (h = 0; h < job->in_h; h++) {
			uint8_t *row = (uint8_t *)packed + n * y.in_img + h * y.in_row;

			memset(row, 0, (size_t)job->in_w * y.in_px);
			for (c = 0; c < job->in_c; c++) {
				const int32_t *src = codes + (((size_t)n * job->in_c + c) * job->in_h + h) * job->in_w;

				for (w = 0; w < job->in_w; w++)
					lxa_element_or(row + (size_t)w * y.in_px, bits, c,
						       bits == 1 ? src[w] > 0 : src[w]);
			}
		}
	}
}

static int32_t output_value(const struct lxa_job *job, int32_t code, uint32_t bits)
{
	if (bits == 1)
		return code ? 1 : -1;
	if (bits == 8 && job->kind == LXA_KIND_INT8 && job->clamp_lo < 0)
		return (int8_t)code;
	return code;
}

void lxa_unpack_output(const struct lxa_caps *caps, const struct lxa_job *job, uint32_t batch, const void *packed,
		       int32_t *codes)
{
	struct lxa_layout y;
	uint32_t n, c, h, w, bits = lxa_ofmt_bits(job->out_fmt);

	lxa_layout(caps, job, &y);
	for (n = 0; n < batch; n++) {
		for (h = 0; h < y.out_h; h++) {
			const uint8_t *row = (const uint8_t *)packed + n * y.out_img + h * y.out_row;

			for (c = 0; c < job->out_c; c++) {
				int32_t *dst = codes + (((size_t)n * job->out_c + c) * y.out_h + h) * y.out_w;

				for (w = 0; w < y.out_w; w++)
					dst[w] = output_value(job,
							      lxa_element_get(row + (size_t)w * y.out_px, bits, c),
							      bits);
			}
		}
	}
}
