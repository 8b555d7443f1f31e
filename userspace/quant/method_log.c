// SPDX-License-Identifier: MIT
/*
 * method_log.c - "log": signed log weights with a scale an output channel, unsigned log activations.
 *
 * Activations: the fsr with the smallest mean square error over the samples. What has negative values is linear with 8 bits,
 * as the device's log activations have no sign.
 * Weights: the quantizer's values times a free scale, one an output channel, which the affine map behind the convolution takes
 * in. The scale is searched finer than a step. Then the codes are chosen one after the other, each making up for the errors of
 * those before it (the nearest-plane walk down the Cholesky factor of h), and single codes are moved while that helps.
 */
#include "method.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FSR_TRIES 8		/* steps down from the largest sample */
#define SCALES 40		/* tried per channel, sixteenths of an octave */
#define SHORTLIST 3		/* of them are tried in full */
#define SWEEPS 4
#define MAX_LEVELS (2 << LXA_LOGQ_MAX_BITS)

static void activations(const struct lxa_quantize_options *o, const float *x, size_t n, struct quant_choice *c)
{
	double best = INFINITY;
	float most = 0;
	int negative = 0, top;

	for (size_t i = 0; i < n; i++) {
		most = fmaxf(most, x[i]);
		negative |= x[i] < 0;
	}
	if (negative) {
		quant_choose_linear(x, n, 8, c);
		return;
	}
	*c = (struct quant_choice){ .kind = QUANT_LOG, .bits = o->act_bits, .steps = o->act_steps, .fsr = 0 };
	if (!(most > 0) || !isfinite(most))
		return;
	top = (int)ceil(o->act_steps * log2((double)most)) + 1;
	for (int i = 0; i < FSR_TRIES; i++) {
		struct quant_choice t = *c;
		struct quant_fn f;
		double sum = 0;

		t.fsr = (float)(top - i) / (float)o->act_steps;
		quant_fn_init(&f, &t);
		for (size_t k = 0; k < n; k++) {
			double e = (double)quant_fn(&f, x[k]) - (double)x[k];

			sum += e * e;
		}
		if (sum < best) {
			best = sum;
			*c = t;
		}
	}
}

/* With a scale of its own for each channel the fsr is free: 0. */
static void weights(const struct lxa_quantize_options *o, struct quant_choice *c)
{
	*c = (struct quant_choice){ .kind = QUANT_LOG, .bits = o->weight_bits, .is_signed = 1, .steps = o->weight_steps };
}

/* ---- codes ------------------------------------------------------------------------------------------------------ */

struct levels {
	int n;
	double v[MAX_LEVELS];		/* rising */
};

static void levels_init(struct levels *l, const struct quant_choice *c)
{
	struct quant_fn f;
	int codes;

	quant_fn_init(&f, c);
	codes = lxa_logq_levels(&f.log);
	l->n = 2 * codes - 1;
	for (int q = 0; q < codes; q++) {
		double v = (double)lxa_logquant_value(&f.log, f.sfsr, q, 0);

		l->v[codes - 1 + q] = v;
		l->v[codes - 1 - q] = -v;
	}
}

static int nearest(const struct levels *l, double x)
{
	int lo = 0, hi = l->n - 1;

	while (hi - lo > 1) {
		int mid = (lo + hi) / 2;

		if (l->v[mid] <= x)
			lo = mid;
		else
			hi = mid;
	}
	return x - l->v[lo] <= l->v[hi] - x ? lo : hi;
}

struct search {
	const struct levels *l;
	const struct quant_rows *r;
	double *chol;			/* of h, its order changed; NULL: diagonal */
	int *order;			/* position in chol -> input */
	int *code, *best;		/* k */
	double *e, *g;			/* k */
};

static double diag(const struct quant_rows *r, int i)
{
	return r->diagonal ? r->h[i] : r->h[(size_t)i * r->k + i];
}

/* Round every weight of a row by itself: the cost by the diagonal alone. */
static double round_alone(const struct search *s, const double *w, double scale)
{
	double cost = 0;

	for (int i = 0; i < s->r->k; i++) {
		double e = scale * s->l->v[nearest(s->l, w[i] / scale)] - w[i];

		cost += diag(s->r, i) * e * e;
	}
	return cost;
}

/* Codes from the last input in the order to the first, each for what the errors behind it leave; returns the cost. */
static double walk(struct search *s, const double *w, double scale)
{
	int k = s->r->k;
	double cost = 0, *pull = s->g;

	memset(pull, 0, (size_t)k * sizeof(*pull));
	for (int p = k - 1; p >= 0; p--) {
		const double *l = s->chol ? s->chol + (size_t)p * k : NULL;
		int i = s->order[p];
		double d = l ? l[p] : sqrt(diag(s->r, i)), e;

		s->code[i] = nearest(s->l, (w[i] - (d > 0 ? pull[p] / d : 0)) / scale);
		e = scale * s->l->v[s->code[i]] - w[i];
		cost += (d * e + pull[p]) * (d * e + pull[p]);
		for (int j = 0; l && j < p; j++)
			pull[j] += l[j] * e;
	}
	return cost;
}

/* Move single codes by one level while the cost falls. */
static void descend(struct search *s, const double *w, double scale)
{
	const double *h = s->r->h;
	int k = s->r->k, moved = 1;

	for (int i = 0; i < k; i++)
		s->e[i] = scale * s->l->v[s->code[i]] - w[i];
	for (int i = 0; i < k; i++) {
		s->g[i] = 0;
		for (int j = 0; j < k; j++)
			s->g[i] += h[(size_t)i * k + j] * s->e[j];
	}
	for (int sweep = 0; moved && sweep < SWEEPS; sweep++) {
		moved = 0;
		for (int i = 0; i < k; i++) {
			double gain = -1e-12, delta = 0;
			int to = s->code[i];

			for (int t = s->code[i] - 1; t <= s->code[i] + 1; t += 2) {
				double d, c;

				if (t < 0 || t >= s->l->n)
					continue;
				d = scale * (s->l->v[t] - s->l->v[s->code[i]]);
				c = 2 * d * s->g[i] + d * d * h[(size_t)i * k + i];
				if (c < gain) {
					gain = c;
					delta = d;
					to = t;
				}
			}
			if (to == s->code[i])
				continue;
			s->code[i] = to;
			moved = 1;
			for (int j = 0; j < k; j++)
				s->g[j] += delta * h[(size_t)i * k + j];
		}
	}
}

static void row(struct search *s, int o)
{
	const double *w = s->r->w + (size_t)o * s->r->k;
	double most = 0, cost[SHORTLIST], scale[SHORTLIST], top = s->l->v[s->l->n - 1], best = INFINITY;

	for (int i = 0; i < s->r->k; i++)
		most = fmax(most, fabs(w[i]));
	s->r->scale[o] = 1;
	if (!(most > 0)) {
		memset(s->r->wq + (size_t)o * s->r->k, 0, (size_t)s->r->k * sizeof(float));
		return;
	}
	for (int i = 0; i < SHORTLIST; i++)
		cost[i] = INFINITY;
	for (int t = 0; t < SCALES; t++) {	/* the largest level from 1.2 times the largest weight down */
		double sc = most / top * exp2((4 - t) / 16.0), c = round_alone(s, w, sc);

		for (int i = 0; i < SHORTLIST; i++) {
			double cc = cost[i], ss = scale[i];

			if (c >= cc)
				continue;
			cost[i] = c, scale[i] = sc;
			c = cc, sc = ss;
		}
	}
	for (int i = 0; i < SHORTLIST; i++) {
		double c = walk(s, w, scale[i]);

		if (c < best) {
			best = c;
			s->r->scale[o] = scale[i];
			memcpy(s->best, s->code, (size_t)s->r->k * sizeof(int));
		}
	}
	memcpy(s->code, s->best, (size_t)s->r->k * sizeof(int));
	if (!s->r->diagonal)
		descend(s, w, s->r->scale[o]);
	for (int i = 0; i < s->r->k; i++)
		s->r->wq[(size_t)o * s->r->k + i] = (float)s->l->v[s->code[i]];
}

/* ---- the factor ------------------------------------------------------------------------------------------------- */

/* Inputs that matter most come last, where the walk begins. */
static void sort_order(struct search *s)
{
	for (int i = 0; i < s->r->k; i++) {
		int p = i;

		for (; p > 0 && diag(s->r, s->order[p - 1]) > diag(s->r, i); p--)
			s->order[p] = s->order[p - 1];
		s->order[p] = i;
	}
}

/* chol = L of h in the new order, L L' = h. h is positive definite: it has been damped. */
static void factor(struct search *s)
{
	int k = s->r->k;

	for (int i = 0; i < k; i++) {
		double *li = s->chol + (size_t)i * k;

		for (int j = 0; j <= i; j++) {
			const double *lj = s->chol + (size_t)j * k;
			double sum = s->r->h[(size_t)s->order[i] * k + s->order[j]];

			for (int t = 0; t < j; t++)
				sum -= li[t] * lj[t];
			li[j] = i == j ? sqrt(fmax(sum, 1e-30)) : sum / lj[j];
		}
	}
}

static int rows(const struct quant_choice *c, struct quant_rows *r)
{
	size_t k = (size_t)r->k;
	struct levels *l = malloc(sizeof(*l));
	struct search s = { .l = l, .r = r, .chol = r->diagonal ? NULL : calloc(k * k, sizeof(double)),
			    .order = calloc(k, sizeof(int)), .code = calloc(k, sizeof(int)), .best = calloc(k, sizeof(int)),
			    .e = calloc(k, sizeof(double)), .g = calloc(k, sizeof(double)) };
	int ret = 0;

	if (!l || (!s.chol && !r->diagonal) || !s.order || !s.code || !s.best || !s.e || !s.g) {
		ret = -ENOMEM;
		goto out;
	}
	levels_init(l, c);
	sort_order(&s);
	if (s.chol)
		factor(&s);
	for (int o = 0; o < r->rows; o++)
		row(&s, o);
out:
	free(l);
	free(s.chol);
	free(s.order);
	free(s.code);
	free(s.best);
	free(s.e);
	free(s.g);
	return ret;
}

const struct quant_method quant_method_log = {
	.name = "log",
	.what = "log weights with a scale a channel, log activations",
	.activations = activations, .weights = weights, .rows = rows,
};
