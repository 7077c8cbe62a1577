/* SPDX-License-Identifier: GPL-2.0 */
/*
 * xorshift64*: the same numbers for the same seed, on every machine.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct random {
	uint64_t state;
};

static inline uint64_t random_next(struct random *r)
{
	r->state ^= r->state >> 12;
	r->state ^= r->state << 25;
	r->state ^= r->state >> 27;
	return r->state * 0x2545f4914f6cdd1dULL;
}

/* Never 0, and far apart for seeds that are near. */
static inline void random_seed(struct random *r, uint64_t seed)
{
	r->state = (seed + 1) * 0x9e3779b97f4a7c15ULL | 1;
	random_next(r);
}

/* 0 .. n - 1 */
static inline uint32_t below(struct random *r, uint32_t n)
{
	return n ? (random_next(r) >> 32) * n >> 32 : 0;
}

static inline bool one_in(struct random *r, uint32_t n)
{
	return !below(r, n);
}

/* Small numbers, limits and their neighbours, and anything. */
static inline uint32_t odd_number(struct random *r)
{
	static const uint32_t edge[] = {
		0, 1, 2, 7, 8, 59, 60, 61, 63, 64, 255, 256, 1000, 8000, 65535,
		65536, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff,
	};

	switch (below(r, 3)) {
	case 0:
		return edge[below(r, sizeof(edge) / sizeof(edge[0]))];
	case 1:
		return below(r, 16);
	default:
		return random_next(r) >> 32;
	}
}

#endif /* RANDOM_H */
