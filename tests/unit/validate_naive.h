/* SPDX-License-Identifier: MIT */
/*
 * What a descriptor makes the device touch, worked out by a naive loop over every address, from the memory format of rtl/README.md
 * and nothing of lxa_layout.h: for the validator's test and its fuzzer. Failures are cmocka's. Include after cmocka.h; `seed`
 * is shown with a failure.
 */
#ifndef VALIDATE_NAIVE_H
#define VALIDATE_NAIVE_H

#include "lxa_validate.h"

static uint64_t field(const uint32_t *desc, uint32_t f)
{
	uint64_t v = desc[LXA_DF_WORD(f)] >> LXA_DF_LSB(f);

	if (LXA_DF_WIDTH(f) == 64)
		return v | (uint64_t)desc[LXA_DF_WORD(f) + 1] << 32;
	return LXA_DF_WIDTH(f) == 32 ? v : v & ((1ull << LXA_DF_WIDTH(f)) - 1);
}

struct touched {
	uint64_t base, window, ext_lo, ext_hi;
	uint64_t end;			/* bytes from base that were touched */
};

static void touch(struct touched *t, uint64_t off, uint64_t bytes)
{
	if (off + bytes > t->window || t->base + off < t->ext_lo || t->base + off + bytes > t->ext_hi)
		fail_msg("seed %llu: offset %llu + %llu leaves a window of %llu", (unsigned long long)seed,
			 (unsigned long long)off, (unsigned long long)bytes, (unsigned long long)t->window);
	if (off + bytes > t->end)
		t->end = off + bytes;
}

static struct touched touched_of(const uint32_t *desc, uint32_t addr, uint32_t size, const struct lxa_extent *ext)
{
	return (struct touched){ field(desc, addr), field(desc, size), ext->addr, ext->addr + ext->bytes, 0 };
}

static int is_packed(const struct lxa_job *job)
{
	return !!(job->conv_flags & LXA_CONV_PACKED);
}

static int is_xnor(const struct lxa_job *job)
{
	return job->act_fmt == LXA_FMT_B1 || job->act_fmt == LXA_FMT_N4;
}

static uint64_t pixel_bytes(uint32_t bits, int xnor, uint32_t channels)
{
	uint32_t ch = xnor ? 64 : 16;

	return (uint64_t)((channels + ch - 1) / ch * ch) * bits / 8;
}

static int output_size(int in, int pad, int window, int stride)
{
	int n = 0;

	for (int at = 0; at + window <= in + pad; at += stride)
		n++;
	return n;
}

static void naive_inputs(const struct lxa_job *job, const uint32_t *desc, struct touched *t, int conv_h, int conv_w)
{
	static const uint32_t fmt_bits[] = { 4, 8, 8, 8, 1, 4 };
	uint64_t px = is_packed(job) ? job->in_c : pixel_bytes(fmt_bits[job->act_fmt], is_xnor(job), job->in_c);
	uint64_t row = field(desc, LXA_D_IN_ROW);

	assert_int_equal(px, field(desc, LXA_D_IN_PX) * (is_packed(job) ? 1 : 8));
	for (int n = 0; n < job->batch; n++)
		for (int y = 0; y < conv_h; y++)
			for (int x = 0; x < conv_w; x++)
				for (int ky = 0; ky < job->kh; ky++)
					for (int kx = 0; kx < job->kw; kx++) {
						int iy = y * job->sy + ky * job->dy - job->pad_t;
						int ix = x * job->sx + kx * job->dx - job->pad_l;

						if (iy < 0 || iy >= job->in_h || ix < 0 || ix >= job->in_w)
							continue;
						touch(t, n * field(desc, LXA_D_IN_IMG) + iy * row + ix * px, px);
					}
}

static void naive_outputs(const struct lxa_job *job, const uint32_t *desc, struct touched *t, int out_h, int out_w)
{
	static const uint32_t ofmt_bits[] = { 1, 4, 8, 32, 64 };
	int xnor = job->out_fmt == LXA_OFMT_B1 || job->conv_flags & LXA_CONV_OUT_LINEAR;
	uint64_t px = pixel_bytes(ofmt_bits[job->out_fmt], xnor, job->out_c);

	assert_int_equal(px, field(desc, LXA_D_OUT_PX) * 8);
	for (int n = 0; n < job->batch; n++)
		for (int y = 0; y < out_h; y++)
			for (int x = 0; x < out_w; x++)
				touch(t, n * field(desc, LXA_D_OUT_IMG) + y * field(desc, LXA_D_OUT_ROW) + x * px, px);
}

static void naive_residual(const struct lxa_job *job, const uint32_t *desc, struct touched *t, int out_h, int out_w)
{
	static const uint32_t fmt_bits[] = { 4, 8, 8, 8, 0, 0, 32 };
	uint64_t px = pixel_bytes(job->res_mode == LXA_RES_RAW ? 64 : fmt_bits[job->res_fmt], 0, job->out_c);

	if (job->res_mode == LXA_RES_NONE) {
		assert_int_equal(t->base | t->window | field(desc, LXA_D_RES_PX), 0);
		return;
	}
	assert_int_equal(px, field(desc, LXA_D_RES_PX) * 8);
	for (int n = 0; n < job->batch; n++)
		for (int y = 0; y < out_h; y++)
			for (int x = 0; x < out_w; x++)
				touch(t, n * field(desc, LXA_D_RES_IMG) + y * field(desc, LXA_D_RES_ROW) + x * px, px);
	assert_true(t->window - t->end < 16);
}

/* Every output channel finds all input channels of its group in the blocks that its output block reads. */
static void naive_groups(const struct lxa_job *job, const uint32_t *desc)
{
	uint32_t block = is_xnor(job) ? 64 : 16, icg = job->in_c / job->groups;
	uint32_t channels = is_packed(job) ? job->kw * job->in_c : job->in_c;

	if (is_packed(job))
		icg = channels;
	for (uint32_t oc = 0; oc < job->out_c; oc++) {
		uint32_t group = oc / (job->out_c / job->groups);
		uint64_t start = oc / block / field(desc, LXA_D_GRP_OCB) * field(desc, LXA_D_GRP_ICB);

		assert_true(start * block <= group * icg);
		assert_true((start + field(desc, LXA_D_ICB)) * block >= (group + 1) * icg);
		assert_true(start + field(desc, LXA_D_ICB) <= field(desc, LXA_D_ICB_TOTAL));
	}
	assert_int_equal(field(desc, LXA_D_ICB_TOTAL), (channels + block - 1) / block);
}

static void naive_weights(const struct lxa_job *job, const uint32_t *desc, struct touched *wgt, struct touched *par)
{
	uint32_t block = is_xnor(job) ? 64 : 16;
	uint64_t tile = is_xnor(job) ? 512 : 256, w = 0, p = 0;
	uint32_t blocks = (job->out_c + block - 1) / block;
	int taps = job->kh * (is_packed(job) ? 1 : job->kw);

	for (uint32_t ocb = 0; ocb < blocks; ocb++) {
		for (uint32_t pass = 0; pass < field(desc, LXA_D_PASSES); pass++)
			for (int tap = 0; tap < taps; tap++)
				for (uint32_t icb = 0; icb < field(desc, LXA_D_ICB); icb++, w += tile)
					touch(wgt, w, tile);
		for (uint32_t lane = 0; lane < block; lane++)
			for (int thr = -3; thr < job->nthr; thr += 4, p += 16)
				touch(par, p, 16);
	}
}

/* Work of the naive loops, to keep the fuzzer quick; 0 when it is too much. */
static int affordable(const struct lxa_job *job, int conv_h, int conv_w)
{
	return (uint64_t)job->batch * conv_h * conv_w * job->kh * job->kw < 2000000 &&
	       (uint64_t)job->in_c * job->out_c * job->kh * job->kw < 20000000;
}

/*
 * A batch whose images are one output pixel each, described as one image with a pixel an image: the same bytes must be read
 * and written, the taps of the kernel being channels now.
 */
static int is_folded(const struct lxa_job *job, const uint32_t *desc)
{
	return job->batch > 1 && field(desc, LXA_D_BATCH) == 1;
}

static int out_xnor(const struct lxa_job *job)
{
	return job->out_fmt == LXA_OFMT_B1 || (job->conv_flags & LXA_CONV_OUT_LINEAR);
}

static uint64_t last_block_end(const struct lxa_job *job, uint32_t bits)
{
	uint32_t block = is_xnor(job) ? 64 : 16;

	return (uint64_t)((job->out_c + block - 1) / block) * block * bits / 8;
}

static void check_folded_residual(const struct lxa_job *job, const struct lxa_extent *ext, const uint32_t *desc)
{
	static const uint32_t fmt_bits[] = { 4, 8, 8, 8, 0, 0, 32 };
	struct touched res = touched_of(desc, LXA_D_RES_ADDR, LXA_D_RES_SIZE, &ext[LXA_EXT_RES]);
	uint64_t px = pixel_bytes(job->res_mode == LXA_RES_RAW ? 64 : fmt_bits[job->res_fmt], 0, job->out_c);
	uint64_t to = field(desc, LXA_D_RES_PX) * 8;

	assert_int_equal(to, job->res_img ? job->res_img : job->res_row ? job->res_row : (px + 15) / 16 * 16);
	for (int n = 0; n < job->batch; n++)
		touch(&res, n * to, px);
	assert_true(res.window - res.end < 16);
}

static void check_folded(const struct lxa_job *job, const struct lxa_extent *ext, const uint32_t *desc)
{
	static const uint32_t ofmt_bits[] = { 1, 4, 8, 32, 64 }, fmt_bits[] = { 4, 8, 8, 8, 1, 4 };
	struct touched act = touched_of(desc, LXA_D_ACT_ADDR, LXA_D_ACT_SIZE, &ext[LXA_EXT_ACT]);
	struct touched wgt = touched_of(desc, LXA_D_WGT_ADDR, LXA_D_WGT_SIZE, &ext[LXA_EXT_WGT]);
	struct touched out = touched_of(desc, LXA_D_OUT_ADDR, LXA_D_OUT_SIZE, &ext[LXA_EXT_OUT]);
	uint64_t px = pixel_bytes(fmt_bits[job->act_fmt], is_xnor(job), job->in_c), row = (job->in_w * px + 15) / 16 * 16;
	uint64_t out_px = pixel_bytes(ofmt_bits[job->out_fmt], out_xnor(job), job->out_c), to = field(desc, LXA_D_OUT_PX) * 8;
	uint32_t xnor = (uint32_t)is_xnor(job), block = xnor ? 64 : 16, taps = (uint32_t)job->kh * job->kw;
	static const uint32_t ones[] = { LXA_D_IN_H, LXA_D_CONV_H, LXA_D_OUT_H, LXA_D_BATCH, LXA_D_KH, LXA_D_KW, LXA_D_SX, LXA_D_SY,
					 LXA_D_DX, LXA_D_DY, LXA_D_POOL_H, LXA_D_POOL_W, LXA_D_POOL_SX, LXA_D_POOL_SY };
	static const uint32_t zeros[] = { LXA_D_PAD_T, LXA_D_PAD_L, LXA_D_POOL_PT, LXA_D_POOL_PL, LXA_D_PACK,
					  LXA_D_GRP_ICB };

	assert_true(job->kh == job->in_h && job->kw == job->in_w && job->groups == 1 && !is_packed(job) && !job->tile_h);
	assert_false(job->pad_t || job->pad_b || job->pad_l || job->pad_r || job->pool_h > 1 || job->pool_w > 1);
	for (size_t i = 0; i < sizeof(ones) / sizeof(ones[0]); i++)
		assert_int_equal(field(desc, ones[i]), 1);
	for (size_t i = 0; i < sizeof(zeros) / sizeof(zeros[0]); i++)
		assert_int_equal(field(desc, zeros[i]), 0);
	assert_int_equal(field(desc, LXA_D_IN_W), job->batch);
	assert_int_equal(field(desc, LXA_D_CONV_W), job->batch);
	assert_int_equal(field(desc, LXA_D_OUT_W), job->batch);
	assert_true(job->in_h == 1 || job->in_w * px == row);
	assert_true(!job->in_row || job->in_h == 1 || job->in_row == row);
	for (int n = 0; n < job->batch; n++) {
		/* the array reads from a pixel what the blocks say, the DMA all of it */
		touch(&act, n * field(desc, LXA_D_IN_PX) * 8, field(desc, LXA_D_IN_PX) * 8);
		assert_true(taps * px <= field(desc, LXA_D_IN_PX) * 8);
		touch(&out, n * to, out_px);
	}
	assert_int_equal(field(desc, LXA_D_IN_PX) * 8, job->in_img ? job->in_img : job->in_h * row);
	assert_int_equal(to, job->out_img ? job->out_img : job->out_row ? job->out_row : (out_px + 15) / 16 * 16);
	assert_true(last_block_end(job, ofmt_bits[job->out_fmt]) <= out_px || to == out_px);
	assert_int_equal(act.window - act.end, 0);
	assert_true(out.window - out.end < 16);
	/* weights: [ocb][ky][kx][icb] as before; the last block alone is masked by IC_TAIL */
	assert_true(!xnor || taps == 1 || job->in_c % 64 == 0);
	assert_int_equal(field(desc, LXA_D_ICB), taps * ((job->in_c + block - 1) / block));
	assert_int_equal(field(desc, LXA_D_ICB_TOTAL), field(desc, LXA_D_ICB));
	assert_int_equal(field(desc, LXA_D_ICB) * field(desc, LXA_D_OCB) * field(desc, LXA_D_PASSES) * (xnor ? 512 : 256), wgt.window);
	assert_int_equal(field(desc, LXA_D_GRP_OCB), field(desc, LXA_D_OCB));
	assert_int_equal(field(desc, LXA_D_MAC_IC), taps * job->in_c);
	if (job->res_mode != LXA_RES_NONE)
		check_folded_residual(job, ext, desc);
}

/* 1 when the job was small enough to be checked. exact: the windows must be touched to within a word of their ends. */
static int check_naive(const struct lxa_job *job, const struct lxa_extent *ext, const uint32_t *desc, int exact)
{
	struct touched act = touched_of(desc, LXA_D_ACT_ADDR, LXA_D_ACT_SIZE, &ext[LXA_EXT_ACT]);
	struct touched wgt = touched_of(desc, LXA_D_WGT_ADDR, LXA_D_WGT_SIZE, &ext[LXA_EXT_WGT]);
	struct touched par = touched_of(desc, LXA_D_PAR_ADDR, LXA_D_PAR_SIZE, &ext[LXA_EXT_PAR]);
	struct touched out = touched_of(desc, LXA_D_OUT_ADDR, LXA_D_OUT_SIZE, &ext[LXA_EXT_OUT]);
	struct touched res = touched_of(desc, LXA_D_RES_ADDR, LXA_D_RES_SIZE, &ext[LXA_EXT_RES]);
	int conv_h = output_size(job->in_h, job->pad_t + job->pad_b, (job->kh - 1) * job->dy + 1, job->sy);
	int conv_w = output_size(job->in_w, job->pad_l + job->pad_r, (job->kw - 1) * job->dx + 1, job->sx);
	int out_h = output_size(conv_h, job->pool_pt + job->pool_pb, job->pool_h, job->pool_sy);
	int out_w = output_size(conv_w, job->pool_pl + job->pool_pr, job->pool_w, job->pool_sx);

	if (is_folded(job, desc)) {
		check_folded(job, ext, desc);
		return 1;
	}
	assert_int_equal(conv_h, field(desc, LXA_D_CONV_H));
	assert_int_equal(conv_w, field(desc, LXA_D_CONV_W));
	assert_int_equal(out_h, field(desc, LXA_D_OUT_H));
	assert_int_equal(out_w, field(desc, LXA_D_OUT_W));
	if (!affordable(job, conv_h, conv_w))
		return 0;
	naive_inputs(job, desc, &act, conv_h, conv_w);
	naive_outputs(job, desc, &out, out_h, out_w);
	naive_residual(job, desc, &res, out_h, out_w);
	naive_weights(job, desc, &wgt, &par);
	naive_groups(job, desc);
	/* A window that is larger than what is touched would be a hole in the second fence. */
	assert_int_equal(wgt.end, wgt.window);
	assert_int_equal(par.end, par.window);
	assert_true(out.window - out.end < 16);
	if (exact)
		assert_true(act.window - act.end < 16);
	return 1;
}

#endif
