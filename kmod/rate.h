/* SPDX-License-Identifier: GPL-2.0 */
/*
 * GCRA: one 64-bit word that holds when the next one is due.
 */
#ifndef PN_RATE_H
#define PN_RATE_H

#include <linux/atomic.h>
#include <linux/types.h>

/**
 * pn_rate_allow - is one more allowed now?
 * @due: the word; 0 at first
 * @now: ns, never going back
 * @interval: ns between two, in the long run
 * @burst: how many may come at once
 *
 * Context: any. Contenders for the last one retry; nobody waits.
 */
static inline bool pn_rate_allow(atomic64_t *due, u64 now, u64 interval,
				 u32 burst)
{
	s64 old = atomic64_read(due);
	u64 next;

	do {
		next = max_t(u64, now, old) + interval;
		if (next > now + interval * burst)
			return false;
	} while (!atomic64_try_cmpxchg(due, &old, next));
	return true;
}

#endif /* PN_RATE_H */
