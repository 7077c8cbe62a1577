/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The limiter of a namespace: what it knows of sources and connections, beyond one
 * policy.
 *
 * Each limit of a policy, and each inspect with a rate, has a number, under which its
 * sources stand in the table. A limit of the next policy that has the same name and
 * prefixes keeps the number, so that bans and known senders survive a load.
 *
 * Memory: for each entry that the policy's `sources` asks for, one of a source, two of
 * connections and four words of knocks; but of these 8 MiB at least, unless its owner is
 * root only in a user namespace of his own. And 480 KiB for each limit with `silent`.
 */
#ifndef PN_LIMITER_H
#define PN_LIMITER_H

#include <linux/atomic.h>
#include <linux/build_bug.h>
#include <uapi/linux/postern.h>

#include "conn.h"
#include "knock.h"
#include "net.h"
#include "silent.h"
#include "source.h"

/*
 * Two policies' worth: a new one is numbered while the old one is in force. Those of
 * inspects with rates come behind those of limits.
 */
#define PN_LIMIT_NUMBERS	(2 * PN_LIMITS_MAX)
#define PN_NUMBERS		(PN_LIMIT_NUMBERS + 2 * POSTERN_INSPECTS_MAX)

/* An attack is over when no unknown sender had to prove himself for so long. */
#define PN_ATTACK_QUIET_SECONDS	10

/**
 * struct pn_limit_state - what is known of one limit, or inspect
 * @name: empty: the number is free
 * @prefix4: of the limit, likewise @prefix6: what the sources are
 * @half_open: connections
 * @crowded: lately a connection took the place of another, that was half open or silent
 * @silent: connections, see silent.h
 * @silents: those, for each enum pn_trust; NULL: no policy that counts them came yet
 * @total_due: see gcra.h
 * @challenged: tick at which unknown senders last had to prove themselves
 * @attack: they have to, lately
 */
struct pn_limit_state {
	char name[POSTERN_NAME_MAX + 1];
	u8 prefix4[PN_LEVELS], prefix6[PN_LEVELS];
	struct pn_silents *silents;
	atomic_t half_open ____cacheline_aligned;
	atomic_t silent;
	atomic64_t total_due;
	u32 challenged;
	bool attack;
	bool crowded;
};

/**
 * struct pn_limiter - of one namespace; it stays once it is there
 */
struct pn_limiter {
	struct pn_sources *sources;
	struct pn_conns *conns;
	struct pn_knocks *knocks;
	struct pn_limit_state limit[PN_NUMBERS];
};

static_assert(PN_NUMBERS <= 256, "a number is a byte");

/* NULL: no policy that needs a table of sources came yet. */
static inline struct pn_limiter *pn_limiter_of(const struct pn_net *pn)
{
	/* pairs with pn_limiter_init() */
	return smp_load_acquire(&pn->limiter);
}

/* Tables for @policy, which needs sources. Context: net->mutex held. */
int pn_limiter_init(struct pn_net *pn, const struct pn_policy *policy);
void pn_limiter_exit(struct pn_net *pn);

/*
 * Numbers the limits and inspects of @policy, as the last step before it is in force: only
 * pn_limiter_review() gives back the numbers of what is gone, and that comes
 * after a policy, so that there are always enough. Context: net->mutex held.
 * Return: 0, -ENOSPC or -ENOMEM.
 */
int pn_limiter_number(struct pn_net *pn, struct pn_policy *policy);

/*
 * Forgets what limits knew that @policy, now in force, has no more; all connections
 * if it is NULL. Context: net->mutex held.
 */
void pn_limiter_review(struct pn_net *pn, const struct pn_policy *policy);

/*
 * Connections that are over, bans that are over, attacks that are over. Context:
 * process. Return: whether any connection is left.
 */
bool pn_limiter_house(struct pn_net *pn);

/* @key is banned, or not any more. Context: any but hard interrupts. */
void pn_limiter_tell_ban(struct pn_net *pn, const struct pn_limiter *limiter,
			 const struct pn_source_key *key, bool banned);

/* Bytes of all tables. */
size_t pn_limiter_size(const struct pn_limiter *limiter);

/* @c does not count any longer as what it was. Context: BH disabled. */
void pn_limiter_gone(struct pn_limiter *limiter, const struct pn_conn *c);

/*
 * The same for one that was taken out of the table though nobody said that it is over:
 * if it was half open, conntrack loses it too, see conn.h.
 */
void pn_limiter_drop(struct pn_limiter *limiter, const struct pn_conn *c);

/* Number of the limit, or else the inspect, that is called so, or PN_NUMBERS. */
u32 pn_limiter_find(const struct pn_limiter *limiter, const char *name);

/* How many bits of an address make one of @level. */
u8 pn_limiter_bits(const struct pn_limiter *limiter, u8 limit,
		   enum pn_level level, bool v6);

/* Whose entry: @addr under the limit with number @limit. */
struct pn_source_key pn_limiter_key(const struct pn_limiter *limiter, u8 limit,
				    enum pn_level level, bool v6,
				    struct pn_key addr);

#endif /* PN_LIMITER_H */
