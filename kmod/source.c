// SPDX-License-Identifier: GPL-2.0
/*
 * The table of sources: see source.h.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "source.h"

struct pn_sources *pn_sources_alloc(u32 nr)
{
	u32 i, sets = roundup_pow_of_two(DIV_ROUND_UP(nr, PN_SOURCE_WAYS));
	struct pn_sources *sources;

	sources = kzalloc(sizeof(*sources), GFP_KERNEL_ACCOUNT);
	if (!sources)
		return NULL;
	sources->set = kvcalloc(sets, sizeof(*sources->set),
				GFP_KERNEL_ACCOUNT | __GFP_NOWARN |
				__GFP_RETRY_MAYFAIL);
	if (!sources->set) {
		kfree(sources);
		return NULL;
	}
	sources->mask = sets - 1;
	get_random_bytes(&sources->secret, sizeof(sources->secret));
	for (i = 0; i < sets; i++)
		spin_lock_init(&sources->set[i].lock);
	return sources;
}

void pn_sources_free(struct pn_sources *sources)
{
	if (!sources)
		return;
	kvfree(sources->set);
	kfree(sources);
}

u32 pn_sources_room(const struct pn_sources *sources)
{
	return (sources->mask + 1) * PN_SOURCE_WAYS;
}

size_t pn_sources_size(const struct pn_sources *sources)
{
	return sizeof(*sources) +
	       (sources->mask + 1) * sizeof(struct pn_source_set);
}

static u64 high_bits(u8 nr)
{
	return nr ? ~0ULL << (64 - nr) : 0;
}

struct pn_key pn_source_prefix(struct pn_key addr, bool v6, u8 bits)
{
	if (!v6)
		addr.hi &= high_bits(32 + bits);
	else if (bits <= 64)
		addr = (struct pn_key){ .hi = addr.hi & high_bits(bits) };
	else
		addr.lo &= high_bits(bits - 64);
	return addr;
}

static bool same_key(const struct pn_source_key *a,
		     const struct pn_source_key *b)
{
	return pn_key_same(a->addr, b->addr) && a->limit == b->limit &&
	       a->level == b->level && a->v6 == b->v6;
}

/* The set that @key belongs to, and its tag there. */
static struct pn_source_set *set_of(const struct pn_sources *sources,
				    const struct pn_source_key *key, u32 *tag)
{
	u64 hash, whose = key->limit << 16 | key->level << 8 | key->v6;

	/* an address of IPv4 leaves room for the rest in its word */
	if (key->v6)
		hash = siphash_3u64(key->addr.hi, key->addr.lo, whose,
				    &sources->secret);
	else
		hash = siphash_1u64(key->addr.hi << 32 | whose,
				    &sources->secret);
	*tag = hash >> 32 | 1;
	return &sources->set[hash & sources->mask];
}

static struct pn_source *find_in(struct pn_source_set *set, u32 tag,
				 const struct pn_source_key *key)
{
	u32 i;

	for (i = 0; i < PN_SOURCE_WAYS; i++)
		/* pairs with take_over() */
		if (smp_load_acquire(&set->tag[i]) == tag &&
		    same_key(&set->way[i].key, key))
			return &set->way[i];
	return NULL;
}

struct pn_source *pn_source_find(struct pn_sources *sources,
				 const struct pn_source_key *key)
{
	u32 tag;
	struct pn_source_set *set = set_of(sources, key, &tag);

	return find_in(set, tag, key);
}

/* Is @a forgotten before @b? */
static bool goes_before(const struct pn_source *a, const struct pn_source *b)
{
	if (a->banned != b->banned)
		return b->banned;
	if (!a->open != !b->open)
		return !a->open;
	return (s32)(a->seen - b->seen) < 0;
}

/* A free one, or the one that is forgotten first. */
static u32 choose_way(const struct pn_source_set *set)
{
	u32 i, chosen = 0;

	for (i = 0; i < PN_SOURCE_WAYS; i++) {
		if (!set->tag[i])
			return i;
		if (goes_before(&set->way[i], &set->way[chosen]))
			chosen = i;
	}
	return chosen;
}

/* Context: lock of the set held. */
static struct pn_source *take_over(struct pn_sources *sources,
				   struct pn_source_set *set, u32 tag,
				   const struct pn_source_key *key, u64 now,
				   u32 *evicted)
{
	u32 i = choose_way(set);

	if (set->tag[i])
		++*evicted;
	else
		atomic_inc(&sources->nr);
	/* nobody finds it while it changes */
	WRITE_ONCE(set->tag[i], 0);
	/* before the entry does: find_in() reads the tag first */
	smp_wmb();
	set->way[i] = (struct pn_source){
		.key = *key,
		.due = now,
		.asked = ATOMIC64_INIT(now),
		.seen = pn_tick(now),
	};
	/* see find_in() */
	smp_store_release(&set->tag[i], tag);
	return &set->way[i];
}

static struct pn_source *get(struct pn_sources *sources,
			     struct pn_source_set *set, u32 tag,
			     const struct pn_source_key *key, bool make, u64 now,
			     u32 *evicted)
{
	struct pn_source *s = find_in(set, tag, key);

	if (s || !make)
		return s;
	return take_over(sources, set, tag, key, now, evicted);
}

static void lock_one(struct pn_source_set *set, int nesting)
{
	spin_lock_nested(&set->lock, nesting);
	/* which sparse cannot follow to where it is unlocked */
	__release(&set->lock);
}

static void unlock_one(struct pn_source_set *set)
{
	__acquire(&set->lock);
	spin_unlock(&set->lock);
}

/* The lower one first, so that two who want the same sets do not wait in a ring. */
u32 pn_source_hold(struct pn_sources *sources, const struct pn_source_key key[2],
		   bool both, bool make, u64 now, struct pn_source *entry[2])
{
	struct pn_source_set *a, *b = NULL;
	u32 tag_a, tag_b, evicted = 0;

	a = set_of(sources, &key[0], &tag_a);
	if (both)
		b = set_of(sources, &key[1], &tag_b);
	if (!b || a == b) {
		lock_one(a, 0);
	} else {
		lock_one(min(a, b), 0);
		lock_one(max(a, b), SINGLE_DEPTH_NESTING);
	}
	entry[0] = get(sources, a, tag_a, &key[0], make, now, &evicted);
	entry[1] = b ? get(sources, b, tag_b, &key[1], make, now, &evicted) :
		       NULL;
	/* in one set, the second may have taken the place of the first */
	if (a == b && make && !find_in(a, tag_a, &key[0]))
		entry[0] = NULL;
	return evicted;
}

void pn_source_release(struct pn_sources *sources,
		       const struct pn_source_key key[2], bool both)
{
	struct pn_source_set *a, *b = NULL;
	u32 tag;

	a = set_of(sources, &key[0], &tag);
	if (both)
		b = set_of(sources, &key[1], &tag);
	if (b && b != a)
		unlock_one(b);
	unlock_one(a);
}

void pn_source_visit(struct pn_sources *sources, u32 set,
		     bool (*visit)(struct pn_source *s, void *data), void *data)
{
	struct pn_source_set *s = &sources->set[set];
	u32 i;

	spin_lock_bh(&s->lock);
	for (i = 0; i < PN_SOURCE_WAYS; i++) {
		if (!s->tag[i] || visit(&s->way[i], data))
			continue;
		WRITE_ONCE(s->tag[i], 0);
		atomic_dec(&sources->nr);
	}
	spin_unlock_bh(&s->lock);
}
