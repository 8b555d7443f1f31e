/* SPDX-License-Identifier: MIT */
/*
 * plan_plain.c - weights that come as plain numbers, without the node that quantized them: the values themselves tell. In this
 * order, the cheaper lanes first, each channel with a unit of its own: signs of one magnitude; powers of two; powers of sqrt(2), as
 * LogQuant rounds them; whole multiples of the smallest magnitude, up to 127 of them. Nothing is rounded: what is found is what the numbers are, or
 * (powers of sqrt(2)) the floats nearest to it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "plan.h"

#define TOP 16			/* octaves that weight codes span */

/* Elements of one output channel. */
struct channel {
	const float *x;
	size_t stride;
	uint32_t n;
	int8_t *codes;
	double *unit;
};

static float at(const struct channel *c, uint32_t i)
{
	return c->x[i * c->stride];
}

/* The smallest magnitude that is not 0; 0: all are. */
static float least(const struct channel *c)
{
	float m = 0;
	uint32_t i;

	for (i = 0; i < c->n; i++)
		if (at(c, i) != 0 && (m == 0 || fabsf(at(c, i)) < m))
			m = fabsf(at(c, i));
	return m;
}

static int8_t with_sign(int code, float x)
{
	return (int8_t)(code | (x < 0 ? 0x80 : 0));
}

static int signs(const struct channel *c)
{
	float m = fabsf(at(c, 0));
	uint32_t i;

	for (i = 0; i < c->n; i++) {
		if (m == 0 || fabsf(at(c, i)) != m)
			return 0;
		c->codes[i] = at(c, i) > 0 ? 1 : -1;
	}
	*c->unit = m;
	return 1;
}

static int powers(const struct channel *c)
{
	float m = least(c), fraction, f;
	int low, e;
	uint32_t i;

	fraction = frexpf(m, &low);
	*c->unit = m ? m : 1;
	for (i = 0; i < c->n; i++) {
		f = frexpf(fabsf(at(c, i)), &e);
		if (f != 0 && (f != fraction || e - low >= TOP))
			return 0;
		c->codes[i] = f == 0 ? 0 : with_sign(e - low + 1, at(c, i));
	}
	return 1;
}

/*
 * Half octaves: whole octaves of the unit are what powers of two are, and those between are all the same multiple of them, as near to
 * sqrt(2) as floats that were rounded, scaled and rounded again can be.
 */
static int roots(const struct channel *c)
{
	float m = least(c), fractions[2] = { 0, 0 }, f;
	uint32_t i;

	*c->unit = m ? m : 1;
	for (i = 0; i < c->n; i++) {
		double r = fabsf(at(c, i)) / *c->unit;
		int k = r == 0 ? -1 : (int)rint(2 * log2(r));

		c->codes[i] = k < 0 ? 0 : with_sign(k + 1, at(c, i));
		if (k < 0)
			continue;
		f = frexpf(fabsf(at(c, i)), &(int){ 0 });
		if (k >= 2 * TOP || fabs(r / exp2(k / 2.0) - 1) > 0x1p-22 || (fractions[k % 2] != 0 && f != fractions[k % 2]))
			return 0;
		fractions[k % 2] = f;
	}
	return 1;
}

static int multiples(const struct channel *c)
{
	float m = least(c);
	uint32_t i;

	*c->unit = m ? m : 1;
	for (i = 0; i < c->n; i++) {
		float k = rintf(at(c, i) / (float)*c->unit);

		if (!(fabsf(k) <= 127) || k * (float)*c->unit != at(c, i))
			return 0;
		c->codes[i] = (int8_t)k;
	}
	return 1;
}

int plan_plain_weights(const struct lxa_tensor *t, const struct plan_matrix *m, struct plan_weights *w)
{
	static const struct {
		int (*find)(const struct channel *c);
		uint8_t fmt;
		int sqrt2;
		const char *text;
	} ways[] = {
		{ signs, LXA_WFMT_B1, 0, "b1" }, { powers, LXA_WFMT_LOG, 0, "2^n" }, { roots, LXA_WFMT_LOG, 1, "2^(n/2)" },
		{ multiples, LXA_WFMT_S8, 0, "" },
	};
	size_t i, n = (size_t)m->out_c * m->n;
	uint32_t oc;

	for (i = 0; i < n; i++)
		if (!isfinite(((const float *)t->data)[i]))
			return 0;
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		for (oc = 0; oc < m->out_c; oc++) {
			struct channel c = { (const float *)t->data + oc * m->so, m->si, m->n, w->codes + (size_t)oc * m->n, &w->unit[oc] };

			if (!ways[i].find(&c))
				break;
		}
		if (oc < m->out_c)
			continue;
		w->fmt = ways[i].fmt;
		w->sqrt2 = ways[i].sqrt2;
		snprintf(w->text, sizeof(w->text), "%s", ways[i].text);
		return 1;
	}
	return 0;
}
