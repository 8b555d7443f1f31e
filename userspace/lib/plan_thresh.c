/* SPDX-License-Identifier: MIT */
/*
 * plan_thresh.c - exact integer thresholds for any monotone chain: bias, scales, batch normalization, ReLU, quantizer.
 *
 * The chain's own nodes are executed on candidate sums, with the CPU's operators, and each threshold is found by binary
 * search over every sum that the weights allow. So whatever the float operations round, the device's comparison gives
 * the code that the CPU would have: for all sums, ties included. Falling channels (a negative scale on the way) get the
 * multiplier -1 and thresholds on the negated sum; constant ones get "always" or "never".
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

struct search {
	const struct lxa_plan *p;
	const struct plan_layer *l;
	uint32_t channels;
	int levels;			/* thresholds a channel */
	int shift;			/* candidates are multiples of 2^shift */
	int first;			/* code that counts as level 0 */
	struct lxa_tensor x;		/* levels x channels (x 1 x 1) */
	int64_t *lo, *hi, *mid;		/* levels x channels: lo below the threshold, hi at or above it */
	int *sign;			/* channels: -1 falling */
	int *level;			/* of the candidates */
};

/* Run the chain behind node `from` on s->x; out gets the quantizer's values. */
static int run_chain(const struct search *s, int from, struct lxa_tensor *out, struct lxa_err *err)
{
	const struct lxa_tensor *in[8];
	struct lxa_tensor cur = s->x, next;
	int i, k, ret = 0;

	for (i = from + 1; !ret && i <= s->l->quant; i++) {
		const struct lxa_node *n = &s->p->g->nodes[s->l->nodes[i]];
		int value = s->p->g->nodes[s->l->nodes[i - 1]].out[0];

		if (i == s->l->pool)
			continue;
		for (k = 0; k < n->n_in && k < 8; k++)
			in[k] = n->in[k] == value ? &cur : plan_const(s->p, n->in[k]);
		memset(&next, 0, sizeof(next));
		ret = lxa_cpu_exec(s->p->cpu, s->p->g, s->l->nodes[i], in, &next, err);
		if (cur.data != s->x.data)
			lxa_tensor_free(&cur);
		cur = next;
	}
	*out = cur;
	return ret;
}

/* Levels that the chain behind `from` gives for s->x. */
static int levels_of(struct search *s, int from, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels, i;
	struct lxa_tensor y;
	int ret = run_chain(s, from, &y, err);

	if (ret)
		return ret;
	for (i = 0; !ret && i < n; i++) {
		if (isnan(((const float *)y.data)[i]))
			ret = lxa_err_set(err, -EOPNOTSUPP, "channel %zu can be NaN", i % s->channels);
		s->level[i] = plan_enc_code(&s->l->out_enc, ((const float *)y.data)[i]) - s->first;
	}
	if (y.data != s->x.data)
		lxa_tensor_free(&y);
	return ret;
}

/* Levels of the sums sign * (v << shift), v given for every threshold and channel. */
static int evaluate(struct search *s, const int64_t *v, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels, i;
	float *x = s->x.data;

	for (i = 0; i < n; i++) {
		uint32_t c = (uint32_t)(i % s->channels);

		x[i] = (float)((double)(s->sign[c] * v[i]) * ldexp(s->l->unit[c], s->shift));
		if (s->l->bias)
			x[i] += s->l->bias[c];
	}
	return levels_of(s, 0, err);
}

/*
 * Which channels fall: compare the levels of the two ends. Leaves lo at the low end and hi at the high end of the
 * sums.
 */
static int directions(struct search *s, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels, i;
	int *low = malloc(n * sizeof(*low));
	int ret;

	if (!low)
		return lxa_err_set(err, -ENOMEM, "out of memory");
	for (i = 0; i < n; i++) {
		s->hi[i] = s->l->layer.bound[i % s->channels] >> s->shift;
		s->lo[i] = -s->hi[i];
		s->sign[i % s->channels] = 1;
	}
	ret = evaluate(s, s->lo, err);
	memcpy(low, s->level, n * sizeof(*low));
	if (!ret)
		ret = evaluate(s, s->hi, err);
	for (i = 0; !ret && i < s->channels; i++)
		s->sign[i] = s->level[i] < low[i] ? -1 : 1;
	free(low);
	return ret;
}

/* The smallest candidate that reaches each threshold, between ends that were found to lie on both sides of it. */
static int bisect(struct search *s, struct lxa_channel *chan, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels, i;
	int open = 1, ret;

	ret = evaluate(s, s->lo, err);
	for (i = 0; !ret && i < n; i++)
		if (s->level[i] >= (int)(i / s->channels) + 1)
			chan[i % s->channels].thr[i / s->channels] = LXA_THR_ALWAYS;
	if (!ret)
		ret = evaluate(s, s->hi, err);
	for (i = 0; !ret && i < n; i++)
		if (s->level[i] < (int)(i / s->channels) + 1)
			chan[i % s->channels].thr[i / s->channels] = LXA_THR_NEVER;
	while (!ret && open) {
		open = 0;
		for (i = 0; i < n; i++)
			s->mid[i] = s->lo[i] + (s->hi[i] - s->lo[i]) / 2;
		ret = evaluate(s, s->mid, err);
		for (i = 0; !ret && i < n; i++) {
			if (s->hi[i] - s->lo[i] <= 1)
				continue;
			if (s->level[i] >= (int)(i / s->channels) + 1)
				s->hi[i] = s->mid[i];
			else
				s->lo[i] = s->mid[i];
			open |= s->hi[i] - s->lo[i] > 1;
		}
	}
	for (i = 0; !ret && i < n; i++) {
		int32_t *thr = &chan[i % s->channels].thr[i / s->channels];

		if (*thr != LXA_THR_ALWAYS && *thr != LXA_THR_NEVER)
			*thr = (int32_t)s->hi[i];
	}
	return ret;
}

/* A binary layer without zero padding has sums of one parity only. */
static int reachable(const struct lxa_layer *l, uint32_t c, int64_t v)
{
	const struct lxa_job *j = &l->job;

	if (llabs(v) > l->bound[c])
		return 0;
	if (j->act_fmt != LXA_FMT_B1 || j->wgt_fmt != LXA_WFMT_B1 || (j->pad_mode == LXA_PAD_ZERO && (j->pad_t || j->pad_l || j->pad_b || j->pad_r)))
		return 1;
	return !((v ^ l->bound[c]) & 1);
}

/* One candidate sum of each channel that could give zero; of a channel that always reaches its threshold either end. */
static int zero_among(struct search *s, const struct lxa_channel *chan, int other_end, struct lxa_err *err)
{
	struct lxa_tensor y;
	uint32_t c;
	int ret;

	for (c = 0; c < s->channels; c++) {
		int64_t v = chan[c].thr[0], b = s->l->layer.bound[c];

		/* the smallest sum at or above the threshold: if it gives no zero, none does */
		v = v == LXA_THR_ALWAYS ? (other_end ? b : -b) : v == LXA_THR_NEVER ? b : v;
		if (!reachable(&s->l->layer, c, v) && v < b)
			v++;
		((float *)s->x.data)[c] =
			(float)((double)(s->sign[c] * v) * s->l->unit[c]) + (s->l->bias ? s->l->bias[c] : 0);
	}
	ret = run_chain(s, 0, &y, err);
	for (c = 0; !ret && c < s->channels; c++)
		if (((const float *)y.data)[c] == 0)
			ret = lxa_err_set(err, -EOPNOTSUPP,
					  "Sign gives 0 for a sum of channel %u, a value that the device's bits "
					  "do not have (BipolarQuant has none either)", c);
	if (y.data != s->x.data)
		lxa_tensor_free(&y);
	return ret;
}

/*
 * ONNX's Sign has three values, the device two: no sum may give zero. Which way a channel goes whose bit is always set cannot
 * be told from the bit (ReLU behind a negative scale), so both its ends are tried.
 */
static int check_zero(struct search *s, const struct lxa_channel *chan, struct lxa_err *err)
{
	int ret = zero_among(s, chan, 0, err);

	return ret ? ret : zero_among(s, chan, 1, err);
}

static int search_init(struct search *s, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels;

	s->x = (struct lxa_tensor){ .dtype = LXA_F32, .ndim = s->l->ndim, .dims = { s->levels, s->channels, 1, 1 } };
	s->lo = calloc(n, sizeof(*s->lo));
	s->hi = calloc(n, sizeof(*s->hi));
	s->mid = calloc(n, sizeof(*s->mid));
	s->level = calloc(n, sizeof(*s->level));
	s->sign = calloc(s->channels, sizeof(*s->sign));
	if (lxa_tensor_alloc(&s->x) || !s->lo || !s->hi || !s->mid || !s->level || !s->sign)
		return lxa_err_set(err, -ENOMEM, "out of memory for thresholds");
	return 0;
}

static void search_free(struct search *s)
{
	lxa_tensor_free(&s->x);
	free(s->lo);
	free(s->hi);
	free(s->mid);
	free(s->level);
	free(s->sign);
}

int plan_thresholds(const struct lxa_plan *p, struct plan_layer *l, int levels, struct lxa_channel *chan,
		    struct lxa_err *err)
{
	struct search s = { .p = p, .l = l, .channels = l->layer.job.out_c, .levels = levels };
	int64_t most = 0;
	uint32_t c;
	int ret;

	for (c = 0; c < s.channels; c++)
		most = l->layer.bound[c] > most ? l->layer.bound[c] : most;
	while (most >> s.shift > INT32_MAX - 2)
		s.shift++;
	ret = search_init(&s, err);
	if (!ret)
		ret = directions(&s, err);
	if (!ret)
		ret = bisect(&s, chan, err);
	for (c = 0; !ret && c < s.channels; c++) {
		chan[c].mult = s.sign[c];
		chan[c].shift = (uint32_t)s.shift;
	}
	if (!ret && l->out_enc.kind == LXA_QUANTIZER_NONE)
		ret = check_zero(&s, chan, err);
	if (!ret && s.shift)
		snprintf(l->note, sizeof(l->note), "thresholds on sums rounded to multiples of 2^%d", s.shift);
	else if (!ret)
		snprintf(l->note, sizeof(l->note), "thresholds equal the float chain for every sum");
	search_free(&s);
	return ret;
}

/* Floats in their order as integers, and back. */
static int64_t key_of(float x)
{
	int32_t k;

	memcpy(&k, &x, sizeof(k));
	return k < 0 ? (int64_t)INT32_MIN - k : k;
}

static float float_of(int64_t key)
{
	int32_t k = (int32_t)(key < 0 ? (int64_t)INT32_MIN - key : key);
	float x;

	memcpy(&x, &k, sizeof(x));
	return x;
}

static int levels_at(struct search *s, int from, const int64_t *keys, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels, i;

	for (i = 0; i < n; i++)
		((float *)s->x.data)[i] = float_of(keys[i]);
	return levels_of(s, from, err);
}

/* Narrow every threshold's two floats down to neighbours. */
static int bisect_floats(struct search *s, int from, struct lxa_err *err)
{
	size_t n = (size_t)s->levels * s->channels, i;
	int open = 1, ret = 0;

	while (!ret && open) {
		open = 0;
		for (i = 0; i < n; i++)
			s->mid[i] = s->lo[i] + (s->hi[i] - s->lo[i]) / 2;
		ret = levels_at(s, from, s->mid, err);
		for (i = 0; !ret && i < n; i++) {
			if (s->hi[i] - s->lo[i] <= 1)
				continue;
			*(s->level[i] >= (int)(i / s->channels) + 1 ? &s->hi[i] : &s->lo[i]) = s->mid[i];
			open |= s->hi[i] - s->lo[i] > 1;
		}
	}
	return ret;
}

int plan_thresholds_behind(const struct lxa_plan *p, struct plan_layer *l, int from, int levels, float most, float *y, struct lxa_err *err)
{
	struct search s = { .p = p, .l = l, .channels = l->layer.job.out_c, .levels = levels };
	size_t n = (size_t)levels * s.channels, i;
	int *low = malloc(n * sizeof(*low)), ret = low ? search_init(&s, err) : lxa_err_set(err, -ENOMEM, "out of memory");

	for (i = 0; !ret && i < n; i++) {
		s.lo[i] = key_of(-most);
		s.hi[i] = key_of(most);
	}
	if (!ret)
		ret = levels_at(&s, from, s.lo, err);
	if (!ret)
		memcpy(low, s.level, n * sizeof(*low));
	if (!ret)
		ret = levels_at(&s, from, s.hi, err);
	for (i = 0; !ret && i < n; i++) {
		int level = (int)(i / s.channels) + 1;

		if (s.level[i] < low[i])
			ret = lxa_err_set(err, -EOPNOTSUPP, "channel %zu falls behind the addition", i % s.channels);
		y[i] = low[i] >= level ? -INFINITY : s.level[i] < level ? INFINITY : 0;
		if (y[i] != 0)
			s.lo[i] = s.hi[i];	/* nothing to look for */
	}
	if (!ret)
		ret = bisect_floats(&s, from, err);
	for (i = 0; !ret && i < n; i++)
		if (y[i] == 0)
			y[i] = float_of(s.hi[i]);
	search_free(&s);
	free(low);
	return ret;
}
