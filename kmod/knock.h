/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Knocks: opening SYNs that were not let in at once. Who exists sends the same SYN
 * again after a second (RFC 6298 2.1), who forges addresses at random does not.
 *
 * One 64-bit word each, in a table of fixed size that a flood overwrites, oldest
 * first. No lock: two CPUs that write one word lose a knock, which costs the
 * sender another second.
 */
#ifndef PN_KNOCK_H
#define PN_KNOCK_H

#include <linux/siphash.h>
#include <linux/types.h>

#include "address.h"

#define PN_KNOCK_WAYS	4

/* A copy that the network made comes earlier, and a second try not later. */
#define PN_KNOCK_MIN_MS	500
#define PN_KNOCK_MAX_MS	64000

/**
 * struct pn_knock - an opening SYN
 * @seq: its sequence number
 */
struct pn_knock {
	struct pn_key saddr, daddr;
	u32 seq;
	u16 sport, dport;
};

struct pn_knocks {
	siphash_key_t secret;
	u32 mask;			/* sets - 1 */
	u64 word[];
};

/* Room for at least @nr. Return: the table, or NULL. Context: process. */
struct pn_knocks *pn_knocks_alloc(u32 nr, bool confined);
void pn_knocks_free(struct pn_knocks *knocks);
size_t pn_knocks_size(const struct pn_knocks *knocks);

/**
 * struct pn_knock_place - where a knock is remembered
 */
struct pn_knock_place {
	u64 hash;
	u64 *set;
};

/*
 * Where @k is. It is far away in memory, and what is done until pn_knock() is done
 * meanwhile.
 */
struct pn_knock_place pn_knock_place(struct pn_knocks *knocks,
				     const struct pn_knock *k);

/**
 * pn_knock - has a SYN knocked before, at least PN_KNOCK_MIN_MS ago?
 * @at: its place; it is remembered
 * @now: ns
 * @evicted: set to whether another one is forgotten for it, before its time
 *
 * Context: any.
 */
bool pn_knock(const struct pn_knock_place *at, u64 now, bool *evicted);

#endif /* PN_KNOCK_H */
