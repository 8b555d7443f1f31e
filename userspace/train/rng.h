/* SPDX-License-Identifier: MIT */
/*
 * rng.h - random numbers that are the same everywhere: the splitmix64 sequence, in integers and exact float steps.
 *
 * A stream is named by up to three numbers (seed, epoch, image): images can be made in any order, by any thread.
 */
#ifndef LXA_TRAIN_RNG_H
#define LXA_TRAIN_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = r->state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static inline struct rng rng_stream(uint64_t a, uint64_t b, uint64_t c)
{
	struct rng r = { a };

	r.state = rng_next(&r) ^ b * 0xd1342543de82ef95u;
	r.state = rng_next(&r) ^ c * 0xaf251af3b0f025b5u;
	return r;
}

/* [0, 1), a multiple of 2^-24 */
static inline float rng_unit(struct rng *r)
{
	return (float)(rng_next(r) >> 40) * 0x1p-24f;
}

/* [-1, 1) */
static inline float rng_sym(struct rng *r)
{
	return 2.0f * rng_unit(r) - 1.0f;
}

/* 0 .. n-1; the bias of at most n / 2^32 does not matter here. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
	return (uint32_t)((rng_next(r) >> 32) * n >> 32);
}

#endif
