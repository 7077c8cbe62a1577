// SPDX-License-Identifier: GPL-2.0
/*
 * Remembered opening SYNs: see knock.h. Plain C: also built in user space.
 */
#include <linux/compiler.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/overflow.h>
#include <linux/prefetch.h>
#include <linux/random.h>

#include "knock.h"
#include "memory.h"

/*
 * A word: 40 bits of the hash, which are never all 0, and 24 of the time in units of
 * 2^20 ns (1.05 ms), which wrap after 4.9 hours.
 */
#define TIME_SHIFT	20
#define TIME_BITS	24
#define TIME_MASK	((1U << TIME_BITS) - 1)
#define UNITS(ms)	((u32)(((u64)(ms) * 1000000) >> TIME_SHIFT))

struct pn_knocks *pn_knocks_alloc(u32 nr, bool confined)
{
	u32 sets = roundup_pow_of_two(DIV_ROUND_UP(nr, PN_KNOCK_WAYS));
	struct pn_knocks *knocks;

	knocks = pn_table_alloc(1, struct_size(knocks, word,
					       sets * PN_KNOCK_WAYS), confined);
	if (!knocks)
		return NULL;
	knocks->mask = sets - 1;
	get_random_bytes(&knocks->secret, sizeof(knocks->secret));
	return knocks;
}

void pn_knocks_free(struct pn_knocks *knocks)
{
	if (knocks)
		pn_table_free(knocks, 1, pn_knocks_size(knocks));
}

size_t pn_knocks_size(const struct pn_knocks *knocks)
{
	return struct_size(knocks, word, (knocks->mask + 1) * PN_KNOCK_WAYS);
}

static u32 age_of(u64 word, u32 now)
{
	return (now - (u32)word) & TIME_MASK;
}

static u64 hash_of(const struct pn_knocks *knocks, const struct pn_knock *k)
{
	/* IPv4: all of it fits into two words */
	if (!(k->saddr.lo | k->daddr.lo | (k->saddr.hi | k->daddr.hi) >> 32))
		return siphash_2u64(k->saddr.hi << 32 | k->daddr.hi,
				    (u64)k->sport << 48 |
				    (u64)k->dport << 32 | k->seq,
				    &knocks->secret);
	return siphash(k, sizeof(*k), &knocks->secret);
}

struct pn_knock_place pn_knock_place(struct pn_knocks *knocks,
				     const struct pn_knock *k)
{
	u64 hash = hash_of(knocks, k);
	struct pn_knock_place at = {
		.hash = hash,
		.set = &knocks->word[(hash & knocks->mask) * PN_KNOCK_WAYS],
	};

	prefetchw(at.set);
	return at;
}

bool pn_knock(const struct pn_knock_place *at, u64 now, bool *evicted)
{
	u64 print = (at->hash | 1ULL << 63) & ~(u64)TIME_MASK;
	u64 *set = at->set;
	u32 i, time = now >> TIME_SHIFT & TIME_MASK, oldest = 0;
	u64 last;

	*evicted = false;
	for (i = 0; i < PN_KNOCK_WAYS; i++) {
		u64 word = READ_ONCE(set[i]);
		u32 age = age_of(word, time);

		if ((word & ~(u64)TIME_MASK) == print && age <= UNITS(PN_KNOCK_MAX_MS))
			return age >= UNITS(PN_KNOCK_MIN_MS);
		if (!word) {
			oldest = i;
			break;
		}
		if (age > age_of(READ_ONCE(set[oldest]), time))
			oldest = i;
	}
	last = READ_ONCE(set[oldest]);
	*evicted = last && age_of(last, time) <= UNITS(PN_KNOCK_MAX_MS);
	WRITE_ONCE(set[oldest], print | time);
	return false;
}
