/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The generic cell rate algorithm (ITU-T I.371, annex A; the same as a token
 * bucket): one word says when the next one is due. Only pn_gcra() divides, at load.
 *
 * With an interval T and a tolerance L = T * burst, a word that is not ahead of
 * now lets burst come at once, and then one in each T:
 *
 *	word	now		now + L - T		now + L
 *		all are left	one is left		none is left
 *
 * Words and times are ns and may wrap; a word is never further ahead than L, so that
 * one from another clock, or of a limit that was tightened, costs L at most.
 */
#ifndef PN_GCRA_H
#define PN_GCRA_H

#include <linux/bits.h>
#include <linux/math64.h>
#include <linux/minmax.h>
#include <linux/types.h>

/**
 * struct pn_gcra - a rate
 * @interval: T, ns; 0: no limit
 * @tolerance: L, ns, at most PN_GCRA_MAX
 */
struct pn_gcra {
	u64 interval;
	u64 tolerance;
};

#define PN_GCRA_MAX	BIT_ULL(62)

/* @burst at once, then one in @interval ns. */
static inline struct pn_gcra pn_gcra(u64 interval, u32 burst)
{
	struct pn_gcra g = { .interval = interval, .tolerance = PN_GCRA_MAX };

	if (burst && interval <= div64_u64(PN_GCRA_MAX, burst))
		g.tolerance = interval * burst;
	return g;
}

/* How far @due is ahead of @now. */
static inline u64 pn_gcra_ahead(const struct pn_gcra *g, u64 due, u64 now)
{
	s64 ahead = due - now;

	return clamp_t(s64, ahead, 0, g->tolerance);
}

/**
 * pn_gcra_take - is one more in time?
 * @g: rate, with an interval
 * @due: the word
 * @now: ns
 * @within: how far ahead it may be afterwards; @g->tolerance, or less for those who
 *	must leave something to others
 * @next: set to the word after it, also if it is not in time: who charges for what is
 *	refused as well stores it then
 */
static inline bool pn_gcra_take(const struct pn_gcra *g, u64 due, u64 now,
				u64 within, u64 *next)
{
	u64 ahead = pn_gcra_ahead(g, due, now) + g->interval;

	*next = now + min(ahead, g->tolerance);
	return ahead <= within;
}

#endif /* PN_GCRA_H */
