// SPDX-License-Identifier: GPL-2.0
/*
 * The table of sources: see source.h.
 */
#include <linux/bitops.h>
#include <linux/log2.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "memory.h"
#include "source.h"

struct pn_sources *pn_sources_alloc(u32 nr, bool confined)
{
	u32 i, sets = roundup_pow_of_two(DIV_ROUND_UP(nr, PN_SOURCE_WAYS));
	struct pn_sources *sources;

	sources = kzalloc(sizeof(*sources), GFP_KERNEL_ACCOUNT);
	if (!sources)
		return NULL;
	sources->mask = sets - 1;
	sources->tags = pn_table_alloc(sets, sizeof(*sources->tags), confined);
	sources->set = pn_table_alloc(sets, sizeof(*sources->set), confined);
	if (!sources->tags || !sources->set) {
		pn_sources_free(sources);
		return NULL;
	}
	get_random_bytes(&sources->secret, sizeof(sources->secret));
	for (i = 0; i < sets; i++)
		spin_lock_init(&sources->set[i].lock);
	return sources;
}

void pn_sources_free(struct pn_sources *sources)
{
	if (!sources)
		return;
	pn_table_free(sources->set, sources->mask + 1, sizeof(*sources->set));
	pn_table_free(sources->tags, sources->mask + 1,
		      sizeof(*sources->tags));
	kfree(sources);
}

u32 pn_sources_room(const struct pn_sources *sources)
{
	return (sources->mask + 1) * PN_SOURCE_WAYS;
}

size_t pn_sources_size(const struct pn_sources *sources)
{
	return sizeof(*sources) + (sources->mask + 1) *
	       (sizeof(struct pn_source_set) + sizeof(*sources->tags));
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

/* Where an entry belongs. */
struct place {
	u32 set;
	u8 tag;
};

static struct place place_of(const struct pn_sources *sources,
			     const struct pn_source_key *key)
{
	u64 hash, whose = key->limit << 16 | key->level << 8 | key->v6;

	/* an address of IPv4 leaves room for the rest in its word */
	if (key->v6)
		hash = siphash_3u64(key->addr.hi, key->addr.lo, whose,
				    &sources->secret);
	else
		hash = siphash_1u64(key->addr.hi << 32 | whose,
				    &sources->secret);
	return (struct place){
		.set = hash & sources->mask,
		.tag = hash >> 56 ?: 1,
	};
}

#define EACH_BYTE	0x0101010101010101ULL

/* Bit 7 of each byte that is @tag; also of some above one that is. */
static u64 bytes_like(u64 tags, u8 tag)
{
	u64 differ = tags ^ EACH_BYTE * tag;

	return (differ - EACH_BYTE) & ~differ & EACH_BYTE << 7;
}

static u8 tag_of(const struct pn_sources *sources, u32 set, u32 way)
{
	return READ_ONCE(sources->tags[set]) >> way * 8;
}

/* Context: lock of the set held. */
static void put_tag(struct pn_sources *sources, u32 set, u32 way, u8 tag)
{
	u64 others = sources->tags[set] & ~(0xffULL << way * 8);

	WRITE_ONCE(sources->tags[set], others | (u64)tag << way * 8);
}

static struct pn_source *find(struct pn_sources *sources, struct place at,
			      const struct pn_source_key *key)
{
	u64 like = bytes_like(READ_ONCE(sources->tags[at.set]), at.tag);

	if (!like)
		return NULL;
	/* pairs with take_over() */
	smp_rmb();
	for (; like; like &= like - 1) {
		u32 way = __ffs64(like) / 8;

		if (same_key(&sources->set[at.set].way[way].key, key))
			return &sources->set[at.set].way[way];
	}
	return NULL;
}

struct pn_source *pn_source_find(struct pn_sources *sources,
				 const struct pn_source_key *key)
{
	return find(sources, place_of(sources, key), key);
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
static u32 choose_way(const struct pn_sources *sources, u32 set)
{
	const struct pn_source *way = sources->set[set].way;
	u32 i, chosen = 0;

	for (i = 0; i < PN_SOURCE_WAYS; i++) {
		if (!tag_of(sources, set, i))
			return i;
		if (goes_before(&way[i], &way[chosen]))
			chosen = i;
	}
	return chosen;
}

/* Context: lock of the set held. */
static struct pn_source *take_over(struct pn_sources *sources, struct place at,
				   const struct pn_source_key *key, u64 now,
				   u32 *evicted)
{
	u32 way = choose_way(sources, at.set);
	struct pn_source *s = &sources->set[at.set].way[way];

	if (tag_of(sources, at.set, way))
		++*evicted;
	else
		atomic_inc(&sources->nr);
	/* nobody finds it while it changes */
	put_tag(sources, at.set, way, 0);
	/* before the entry does: find() reads the tag first */
	smp_wmb();
	*s = (struct pn_source){
		.key = *key,
		.due = now,
		.asked = ATOMIC64_INIT(now),
		.seen = pn_tick(now),
	};
	/* see find() */
	smp_wmb();
	put_tag(sources, at.set, way, at.tag);
	return s;
}

static struct pn_source *get(struct pn_sources *sources, struct place at,
			     const struct pn_source_key *key, bool make, u64 now,
			     u32 *evicted)
{
	struct pn_source *s = find(sources, at, key);

	if (s || !make)
		return s;
	return take_over(sources, at, key, now, evicted);
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
static void lock_both(struct pn_sources *sources, const u32 set[2])
{
	lock_one(&sources->set[min(set[0], set[1])], 0);
	if (set[0] != set[1])
		lock_one(&sources->set[max(set[0], set[1])],
			 SINGLE_DEPTH_NESTING);
}

u32 pn_source_hold(struct pn_sources *sources, const struct pn_source_key *key,
		   u32 nr, bool make, u64 now, struct pn_source_held *held)
{
	struct place first = place_of(sources, &key[0]), second = first;
	u32 evicted = 0;

	if (nr == 2)
		second = place_of(sources, &key[1]);
	*held = (struct pn_source_held){ .set = { first.set, second.set } };
	lock_both(sources, held->set);
	held->entry[0] = get(sources, first, &key[0], make, now, &evicted);
	if (nr == 1)
		return evicted;
	held->entry[1] = get(sources, second, &key[1], make, now, &evicted);
	/* in one set, the second may have taken the place of the first */
	if (make && first.set == second.set && !find(sources, first, &key[0]))
		held->entry[0] = NULL;
	return evicted;
}

void pn_source_release(struct pn_sources *sources,
		       const struct pn_source_held *held)
{
	if (held->set[0] != held->set[1])
		unlock_one(&sources->set[held->set[1]]);
	unlock_one(&sources->set[held->set[0]]);
}

void pn_source_visit(struct pn_sources *sources, u32 set,
		     bool (*visit)(struct pn_source *s, void *data), void *data)
{
	struct pn_source_set *s = &sources->set[set];
	u32 i;

	spin_lock_bh(&s->lock);
	for (i = 0; i < PN_SOURCE_WAYS; i++) {
		if (!tag_of(sources, set, i) || visit(&s->way[i], data))
			continue;
		put_tag(sources, set, i, 0);
		atomic_dec(&sources->nr);
	}
	spin_unlock_bh(&s->lock);
}
