// SPDX-License-Identifier: GPL-2.0
/*
 * Flows that a load keeps: a static hash set of what identifies them.
 */
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/siphash.h>

#include "compat/conntrack.h"
#include "compat/conntrack_count.h"
#include "kept.h"
#include "memory.h"
#include "policy.h"

/* Twice what there is, and some for those that come while it is counted. */
#define ROOM(flows)	roundup_pow_of_two(2 * (flows) + 512)
#define FLOWS_MAX	BIT(26)

struct pn_kept {
	siphash_key_t key;
	u32 mask, nr;
	u64 slot[];			/* 0: empty */
};

static size_t size_of(u32 slots)
{
	return sizeof(struct pn_kept) + slots * sizeof(u64);
}

/*
 * The entry and its tuple: the memory of an entry is used again, and so is a
 * tuple. 64 bits under a secret key are not met by chance, nor by design.
 */
static u64 identity(const struct pn_kept *kept, const struct nf_conn *ct)
{
	const struct nf_conntrack_tuple *tuple =
		&ct->tuplehash[IP_CT_DIR_ORIGINAL].tuple;

	return siphash_2u64((unsigned long)ct,
			    siphash(tuple, sizeof(*tuple), &kept->key),
			    &kept->key) | 1;
}

/* Where @id is, or would be. A quarter at least is empty: see add(). */
static u32 find(const struct pn_kept *kept, u64 id)
{
	u32 i = id >> 32 & kept->mask;

	while (kept->slot[i] && kept->slot[i] != id)
		i = (i + 1) & kept->mask;
	return i;
}

/* Return: 0, so that the entry stays. */
static int add(struct nf_conn *ct, void *data)
{
	struct pn_kept *kept = data;
	u64 id = identity(kept, ct);
	u32 i = find(kept, id);

	if (kept->slot[i] || kept->nr > kept->mask / 4 * 3)
		return 0;
	kept->slot[i] = id;
	kept->nr++;
	return 0;
}

int pn_kept_collect(struct pn_policy *policy, struct net *net)
{
	u32 slots = ROOM(min_t(u32, nf_conntrack_count(net), FLOWS_MAX));
	struct pn_kept *kept = pn_alloc(policy, 1, size_of(slots));

	if (!kept)
		return -ENOMEM;
	get_random_bytes(&kept->key, sizeof(kept->key));
	kept->mask = slots - 1;
	policy->kept = kept;
	pn_ct_iterate(net, add, kept);
	return 0;
}

bool pn_kept_has(const struct pn_policy *policy, const struct nf_conn *ct)
{
	const struct pn_kept *kept = policy->kept;

	return kept->slot[find(kept, identity(kept, ct))];
}

void pn_kept_free(struct pn_policy *policy)
{
	if (policy->kept)
		pn_free(policy, policy->kept, 1,
			size_of(policy->kept->mask + 1));
}
