/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Sources: who opened connections under a limit, by address, and the networks
 * around them.
 *
 * A table of fixed size, made when the first policy with limits is loaded. An entry
 * is made for who completed a handshake, and for nobody else: a flood from forged
 * addresses looks entries up, and neither makes one nor writes to any but those
 * whose addresses it forges (@asked).
 *
 * The table is an array of sets of PN_SOURCE_WAYS entries. A keyed hash tells the
 * set of an address, so that nobody can choose addresses that crowd into one. In a
 * full set, a new entry takes the place of the one that is forgotten first: the
 * idlest; but those with open connections only if there is no other, and banned ones
 * only if all are.
 *
 * Entries change under the lock of their set. The packet path looks them up without:
 * one that changes its owner meanwhile costs a wrong decision about one SYN.
 */
#ifndef PN_SOURCE_H
#define PN_SOURCE_H

#include <linux/atomic.h>
#include <linux/siphash.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>

#include "address.h"
#include "limit.h"

#define PN_SOURCE_WAYS		8

/* Of ns: 67 ms, which wrap after nine years. */
#define PN_TICK_SHIFT		26

static inline u32 pn_tick(u64 ns)
{
	return ns >> PN_TICK_SHIFT;
}

/* For people, a millionth more or less. */
static inline u64 pn_ticks_ms(u32 ticks)
{
	return ((u64)ticks << PN_TICK_SHIFT) / NSEC_PER_MSEC;
}

/**
 * struct pn_source_key - whose entry
 * @addr: prefix of the address, its other bits 0
 * @limit: number of the limit, see limiter.h
 * @level: enum pn_level
 */
struct pn_source_key {
	struct pn_key addr;
	u8 limit;
	u8 level;
	bool v6;
};

/**
 * struct pn_source - a source or network
 * @key: whose
 * @known: something was heard of it: it completed a handshake, and, if its limit counts
 *	those who are silent, spoke
 * @due: of completed handshakes, see gcra.h
 * @asked: of opening SYNs that were let through unproven; by cmpxchg, without the lock
 * @open: connections
 * @accepted: since the entry was made
 * @refused: likewise
 * @seen: tick of the last accepted handshake, or at which the entry was made
 * @ban_ends: tick, if @banned
 * @window: tick at which the refusals began to be counted, if @refusals
 * @refusals: since @window, for what the source did itself
 * @bans: one after another, each twice as long as the one before
 * @why: enum pn_reason of the last refusal
 */
struct pn_source {
	struct pn_source_key key;
	bool banned;
	bool known;
	u8 bans;
	u8 why;
	u64 due;
	atomic64_t asked;
	u32 open;
	u32 accepted;
	u32 refused;
	u32 seen;
	u32 ban_ends;
	u32 window;
	u32 refusals;
};

/* Is it banned at @tick? Without a lock. */
static inline bool pn_source_banned(const struct pn_source *s, u32 tick)
{
	return READ_ONCE(s->banned) &&
	       (s32)(READ_ONCE(s->ban_ends) - tick) > 0;
}

/**
 * struct pn_source_set - entries among which one is looked for
 */
struct pn_source_set {
	spinlock_t lock;		/* of @way, and of its tags to write */
	struct pn_source way[PN_SOURCE_WAYS];
} ____cacheline_aligned;

/**
 * struct pn_sources - the table
 * @mask: sets - 1
 * @nr: entries in use
 * @tags: for each set a word, of which each byte is part of the hash of one way, or 0: it
 *	is free. They lie close together, so that nearly nobody who is not there costs
 *	a look at memory that is far away
 */
struct pn_sources {
	siphash_key_t secret;
	u32 mask;
	atomic_t nr;
	u64 *tags;
	struct pn_source_set *set;
};

/* Room for at least @nr. Return: the table, or NULL. Context: process. */
struct pn_sources *pn_sources_alloc(u32 nr, bool confined);
void pn_sources_free(struct pn_sources *sources);

/* How many there is room for, and bytes of memory. */
u32 pn_sources_room(const struct pn_sources *sources);
size_t pn_sources_size(const struct pn_sources *sources);

/* The prefix of @bits of @addr. */
struct pn_key pn_source_prefix(struct pn_key addr, bool v6, u8 bits);

/* Return: the entry, or NULL. Context: any. Without lock: see above. */
struct pn_source *pn_source_find(struct pn_sources *sources,
				 const struct pn_source_key *key);

/**
 * struct pn_source_held - one entry or two that are held, to be changed together
 * @entry: of each key, or NULL: there is none
 * @set: where it belongs; twice the same if there is one key
 */
struct pn_source_held {
	struct pn_source *entry[2];
	u32 set[2];
};

/**
 * pn_source_hold - get the entries of one key, or of two that differ
 * @sources: table
 * @key: of them
 * @nr: 1 or 2
 * @make: those that are missing
 * @now: ns; of new entries nothing is due
 * @held: filled in
 *
 * Context: BH disabled; the locks are held until pn_source_release().
 * Return: how many entries of others gave way.
 */
u32 pn_source_hold(struct pn_sources *sources, const struct pn_source_key *key,
		   u32 nr, bool make, u64 now, struct pn_source_held *held);
void pn_source_release(struct pn_sources *sources,
		       const struct pn_source_held *held);

/*
 * Calls @visit with each entry of set @set, under its lock; forgets it if that
 * returns false. Context: any but hard interrupts.
 */
void pn_source_visit(struct pn_sources *sources, u32 set,
		     bool (*visit)(struct pn_source *s, void *data), void *data);

#endif /* PN_SOURCE_H */
