// SPDX-License-Identifier: MIT
/* augment.c - see augment.h. Pixels stay integers, since that is what the device's first layer reads. */
#include "augment.h"

#include <math.h>

#define GRID 4		/* the bend is given at GRID x GRID points and interpolated between them */

struct map {
	float a[4], tx, ty;		/* source = centre + a * (target - centre) + t */
	float bx[GRID][GRID], by[GRID][GRID];
};

static struct map random_map(const struct augment *a, struct rng *r)
{
	float t = a->turn * rng_sym(r), sx = 1.0f + a->scale * rng_sym(r), sy = 1.0f + a->scale * rng_sym(r);
	float sh = a->shear * rng_sym(r), s = sinf(t), c = cosf(t);
	struct map m = { .a = { c * sx, (sh - s) * sx, s * sy, c * sy } };

	m.tx = a->shift * rng_sym(r);
	m.ty = a->shift * rng_sym(r);
	for (int y = 0; y < GRID; y++)
		for (int x = 0; x < GRID; x++) {
			m.bx[y][x] = a->bend * rng_sym(r);
			m.by[y][x] = a->bend * rng_sym(r);
		}
	return m;
}

/* Bilinear value of the grid at u, v in 0 .. 1. */
static float bend_at(float g[GRID][GRID], float u, float v)
{
	float x = u * (GRID - 1), y = v * (GRID - 1);
	int ix = x >= GRID - 1 ? GRID - 2 : (int)x, iy = y >= GRID - 1 ? GRID - 2 : (int)y;

	x -= (float)ix;
	y -= (float)iy;
	return (g[iy][ix] * (1 - x) + g[iy][ix + 1] * x) * (1 - y) +
	       (g[iy + 1][ix] * (1 - x) + g[iy + 1][ix + 1] * x) * y;
}

static float pixel(const struct lxa_dataset *d, const uint8_t *p, int x, int y)
{
	return x >= 0 && y >= 0 && x < d->w && y < d->h ? (float)p[y * d->w + x] : 0.0f;
}

static float sample(const struct lxa_dataset *d, const uint8_t *p, float x, float y)
{
	float fx = floorf(x), fy = floorf(y);
	int ix = (int)fx, iy = (int)fy;

	x -= fx;
	y -= fy;
	return (pixel(d, p, ix, iy) * (1 - x) + pixel(d, p, ix + 1, iy) * x) * (1 - y) +
	       (pixel(d, p, ix, iy + 1) * (1 - x) + pixel(d, p, ix + 1, iy + 1) * x) * y;
}

static void warp(const struct lxa_dataset *d, const uint8_t *p, struct map *m, int bend, int c, float *out)
{
	float cx = (float)(d->w - 1) * 0.5f, cy = (float)(d->h - 1) * 0.5f;

	for (int y = 0; y < d->h; y++) {
		for (int x = 0; x < d->w; x++) {
			float dx = (float)x - cx, dy = (float)y - cy;
			float sx = cx + m->a[0] * dx + m->a[1] * dy + m->tx;
			float sy = cy + m->a[2] * dx + m->a[3] * dy + m->ty;

			if (bend) {
				sx += bend_at(m->bx, (float)x / (float)d->w, (float)y / (float)d->h);
				sy += bend_at(m->by, (float)x / (float)d->w, (float)y / (float)d->h);
			}
			out[(y * d->w + x) * d->c + c] = floorf(sample(d, p, sx, sy) + 0.5f);
		}
	}
}

void augment_image(const struct lxa_dataset *d, size_t i, const struct augment *a, struct rng r, float *out)
{
	size_t plane = (size_t)d->h * (size_t)d->w;
	const uint8_t *p = d->pixels + i * plane * (size_t)d->c;
	struct map m;

	if (a)
		m = random_map(a, &r);
	for (int c = 0; c < d->c; c++, p += plane) {
		if (a) {
			warp(d, p, &m, a->bend > 0.0f, c, out);
			continue;
		}
		for (size_t k = 0; k < plane; k++)
			out[k * (size_t)d->c + (size_t)c] = (float)p[k];
	}
}
