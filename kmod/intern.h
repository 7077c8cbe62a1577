/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sets to numbers: gives equal sets of small numbers the same number.
 *
 * A set is known by the sum (xor) of its members' hashes, 128 bits wide and
 * seeded anew for each policy, so that adding or removing one member is one xor
 * and comparing two sets is one comparison. That two different sets of one
 * policy collide is less likely than a memory error.
 */
#ifndef PN_INTERN_H
#define PN_INTERN_H

#include <linux/types.h>

struct pn_policy;

struct pn_hash {
	u64 a, b;
};

struct pn_intern_entry {
	struct pn_hash hash;
	u32 first, nr;			/* its members in the pool */
};

/**
 * struct pn_intern - the sets seen so far, numbered from 0
 * @max: refuse more sets than this
 */
struct pn_intern {
	struct pn_policy *policy;
	struct pn_intern_entry *entry;
	u32 nr, cap, max;
	u32 *pool;
	u32 nr_pool, cap_pool;
	u32 *bucket;			/* number + 1; 0: empty */
	u32 size;			/* of @bucket, a power of two */
};

/* Seeds the hashes of one compilation. */
void pn_hash_seed(struct pn_hash *seed);
struct pn_hash pn_hash_of(const struct pn_hash *seed, u32 space, u64 value);

static inline void pn_hash_toggle(struct pn_hash *sum, struct pn_hash h)
{
	sum->a ^= h.a;
	sum->b ^= h.b;
}

int pn_intern_init(struct pn_intern *in, struct pn_policy *policy, u32 max);
void pn_intern_free(struct pn_intern *in);

/*
 * Number of the set that has @hash; if it is new, its @nr members are kept.
 * Return: 0, -E2BIG or -ENOMEM.
 */
int pn_intern_get(struct pn_intern *in, struct pn_hash hash,
		  const u32 *members, u32 nr, u32 *number);

static inline const u32 *pn_intern_members(const struct pn_intern *in, u32 i,
					   u32 *nr)
{
	*nr = in->entry[i].nr;
	return in->pool + in->entry[i].first;
}

#endif /* PN_INTERN_H */
