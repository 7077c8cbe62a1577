// SPDX-License-Identifier: GPL-2.0
/*
 * Sets to numbers. Plain C: also built in user space.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/random.h>
#include <linux/string.h>

#include "intern.h"
#include "memory.h"

#define POOL_MAX	(64U << 20)	/* members of all sets of one kind */

void pn_hash_seed(struct pn_hash *seed)
{
	get_random_bytes(seed, sizeof(*seed));
}

/* Finalizer of MurmurHash3: every input bit reaches every output bit. */
static u64 mix(u64 x)
{
	x ^= x >> 33;
	x *= 0xff51afd7ed558ccdULL;
	x ^= x >> 33;
	x *= 0xc4ceb9fe1a85ec53ULL;
	return x ^ x >> 33;
}

struct pn_hash pn_hash_of(const struct pn_hash *seed, u32 space, u64 value)
{
	u64 salt = (u64)space << 56;

	return (struct pn_hash){
		.a = mix(mix(value ^ seed->a) + (salt ^ seed->b)),
		.b = mix(mix(value ^ seed->b) + (salt ^ seed->a)),
	};
}

int pn_intern_init(struct pn_intern *in, struct pn_policy *policy, u32 max)
{
	*in = (struct pn_intern){
		.policy = policy,
		.max = max,
		.size = 64,
	};
	in->bucket = pn_alloc(policy, in->size, sizeof(*in->bucket));
	return in->bucket ? 0 : -ENOMEM;
}

void pn_intern_free(struct pn_intern *in)
{
	if (!in->policy)
		return;
	pn_free(in->policy, in->entry, in->cap, sizeof(*in->entry));
	pn_free(in->policy, in->pool, in->cap_pool, sizeof(*in->pool));
	pn_free(in->policy, in->bucket, in->size, sizeof(*in->bucket));
	in->policy = NULL;
}

/* The bucket that holds @hash, or the empty one where it belongs. */
static u32 *find(const struct pn_intern *in, struct pn_hash hash)
{
	u32 i = hash.a & (in->size - 1);

	for (; in->bucket[i]; i = (i + 1) & (in->size - 1)) {
		const struct pn_hash *h = &in->entry[in->bucket[i] - 1].hash;

		if (h->a == hash.a && h->b == hash.b)
			break;
	}
	return &in->bucket[i];
}

static int rehash(struct pn_intern *in)
{
	u32 *old = in->bucket, old_size = in->size, i;

	in->bucket = pn_alloc(in->policy, old_size * 2, sizeof(*in->bucket));
	if (!in->bucket) {
		in->bucket = old;
		return -ENOMEM;
	}
	in->size = old_size * 2;
	for (i = 0; i < in->nr; i++)
		*find(in, in->entry[i].hash) = i + 1;
	pn_free(in->policy, old, old_size, sizeof(*old));
	return 0;
}

int pn_intern_get(struct pn_intern *in, struct pn_hash hash,
		  const u32 *members, u32 nr, u32 *number)
{
	u32 *bucket = find(in, hash);
	int err;

	if (*bucket) {
		*number = *bucket - 1;
		return 0;
	}
	if ((in->nr + 1) * 2 > in->size) {
		err = rehash(in);
		if (err)
			return err;
		bucket = find(in, hash);
	}
	err = pn_grow(in->policy, (void **)&in->entry, in->nr, &in->cap, 1,
		      in->max, sizeof(*in->entry));
	if (!err)
		err = pn_grow(in->policy, (void **)&in->pool, in->nr_pool,
			      &in->cap_pool, nr, POOL_MAX, sizeof(*in->pool));
	if (err)
		return err;
	in->entry[in->nr] = (struct pn_intern_entry){
		.hash = hash,
		.first = in->nr_pool,
		.nr = nr,
	};
	if (nr)
		memcpy(in->pool + in->nr_pool, members, nr * sizeof(*members));
	in->nr_pool += nr;
	*number = in->nr++;
	*bucket = *number + 1;
	return 0;
}
