// SPDX-License-Identifier: MIT
/* method.c - the table of methods, and the quantizers that they choose from; see method.h. */
#include "method.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static const struct quant_method *const methods[] = { &quant_method_log };

const struct quant_method *quant_method_nr(int i)
{
	return i >= 0 && (size_t)i < sizeof(methods) / sizeof(methods[0]) ? methods[i] : NULL;
}

const struct quant_method *quant_method_find(const char *name)
{
	const struct quant_method *m;

	for (int i = 0; (m = quant_method_nr(i)); i++)
		if (!strcmp(m->name, name))
			return m;
	return NULL;
}

void quant_fn_init(struct quant_fn *f, const struct quant_choice *c)
{
	*f = (struct quant_fn){ .c = *c };
	if (c->kind == QUANT_LOG) {
		f->log = (struct lxa_logq){ .bits = c->bits, .is_signed = c->is_signed, .steps = c->steps,
					    .rounding = LXA_LOGQ_NEAREST };
		lxa_logq_sfsr(&f->log, c->fsr, &f->sfsr);
	} else {
		f->lo = c->is_signed ? -ldexpf(1, c->bits - 1) : 0;
		f->hi = ldexpf(1, c->bits - c->is_signed) - 1;
	}
}

float quant_fn(const struct quant_fn *f, float x)
{
	int negative, code;
	float v;

	if (f->c.kind == QUANT_LOG) {
		code = lxa_logquant_code(&f->log, f->sfsr, x, &negative);
		return code < 0 ? NAN : lxa_logquant_value(&f->log, f->sfsr, code, negative);
	}
	v = rintf(x / f->c.scale);
	return f->c.scale * (v < f->lo ? f->lo : v > f->hi ? f->hi : v);
}

void quant_text(const struct quant_choice *c, char text[32])
{
	if (c->kind == QUANT_LOG)
		snprintf(text, 32, "log%d%s, fsr %g", c->bits, c->steps == 2 ? "/2" : "", (double)c->fsr);
	else if (c->kind == QUANT_LINEAR)
		snprintf(text, 32, "%c%d, scale %.4g", c->is_signed ? 's' : 'u', c->bits, (double)c->scale);
	else
		snprintf(text, 32, "float");
}

void quant_choose_linear(const float *x, size_t n, int bits, struct quant_choice *c)
{
	double best = INFINITY;
	float most = 0;
	int negative = 0;

	for (size_t i = 0; i < n; i++) {
		most = fmaxf(most, fabsf(x[i]));
		negative |= x[i] < 0;
	}
	*c = (struct quant_choice){ .kind = QUANT_LINEAR, .bits = bits, .is_signed = negative, .scale = 1 };
	if (!(most > 0) || !isfinite(most))
		return;
	/* the largest value may be worth cutting off */
	for (int part = 32; part >= 8; part--) {
		struct quant_choice t = *c;
		struct quant_fn f;
		double sum = 0;

		t.scale = most * (float)part / 32 / (ldexpf(1, bits - negative) - 1);
		quant_fn_init(&f, &t);
		for (size_t i = 0; i < n; i++) {
			double e = (double)quant_fn(&f, x[i]) - (double)x[i];

			sum += e * e;
		}
		if (sum < best) {
			best = sum;
			*c = t;
		}
	}
}
