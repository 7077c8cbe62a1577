/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Bans that people (or their programs) set: prefixes whose addresses may begin
 * nothing. They are the namespace's, not a policy's.
 *
 * One hash table of all prefixes, and how many there are of each length: an address is
 * looked for once for each length that is in use, the longest first. Who bans nobody
 * pays for one comparison.
 */
#ifndef PN_BAN_H
#define PN_BAN_H

#include <linux/rhashtable-types.h>
#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "address.h"

struct pn_net;

/**
 * struct pn_ban_key - a prefix; its other bits are 0
 */
struct pn_ban_key {
	struct pn_key addr;
	u32 bits;
	u32 v6;
};

/**
 * struct pn_ban - one banned prefix
 * @until: ktime_get_boottime_ns() at which it ends; 0: never
 * @hit: tick (source.h) at which it last dropped something, if @was_hit
 * @id: its number, in the order in which they came
 * @comment: from who set it, may be empty
 */
struct pn_ban {
	struct rhash_head node;
	struct pn_ban_key key;
	u64 until;
	u32 hit;
	bool was_hit;
	u32 id;
	struct rcu_head rcu;
	char comment[];
};

int pn_bans_init(struct pn_net *pn);
void pn_bans_exit(struct pn_net *pn);

/* May @addr begin nothing? Context: packet path, RCU read side. */
bool pn_ban_has(const struct pn_net *pn, bool v6, struct pn_key addr);

/* The same, of who only asks: it is no hit. */
bool pn_ban_is(const struct pn_net *pn, bool v6, struct pn_key addr);

/**
 * pn_bans_add - ban prefixes, all or none
 * @pn: namespace
 * @key: the prefixes, valid; those that are banned already get the new end
 * @nr: how many
 * @until: when they end, see struct pn_ban
 * @comment: text, at most POSTERN_COMMENT_MAX
 *
 * Flows that they began are ended, but not those that the policy in force observes or
 * leaves alone. Context: process, sleeps for a grace period.
 * Return: 0, -E2BIG (module parameter max_bans) or -ENOMEM.
 */
int pn_bans_add(struct pn_net *pn, const struct pn_ban_key *key, u32 nr,
		u64 until, const char *comment);

/*
 * Return: how many of the @nr prefixes were banned; @key has those then. Context: process.
 */
u32 pn_bans_del(struct pn_net *pn, struct pn_ban_key *key, u32 nr);

/* The policy in force may refuse, which the one before did not: ends those flows. */
void pn_bans_review(struct pn_net *pn);

u32 pn_bans_number(const struct pn_net *pn);

/* Takes away those that have ended. Context: process. Return: whether any is left. */
bool pn_bans_house(struct pn_net *pn);

/*
 * Calls @visit for each from number *@from on, which goes along, until that returns an
 * error. Those that come meanwhile have higher numbers. Context: process.
 */
int pn_bans_show(struct pn_net *pn, unsigned long *from,
		 int (*visit)(const struct pn_ban *ban, void *data), void *data);

#endif /* PN_BAN_H */
