/* SPDX-License-Identifier: GPL-2.0 */
/*
 * struct pn_net: what a network namespace has of its own.
 *
 * Locks, in the order in which they are taken:
 *   net->mutex > rtnl_lock > limiter_mutex
 * The notifier of interfaces, which is called under rtnl, takes no mutex: what
 * it reads (net->policy) and writes (policy->zonemap) changes under rtnl too.
 * The packet path takes none of them: it reads net->policy under RCU, and
 * everything it writes is per CPU. Who only shows state (netlink, /proc, house
 * work) takes none either, so that no load makes him wait.
 *
 *   [M] net->mutex
 *   [R] RCU pointer, replaced under net->mutex
 *   [P] per CPU
 *   [A] atomic or READ_ONCE/WRITE_ONCE
 *   [T] txn_lock, in transaction.c
 *   [H] house work only
 *   [L] limiter_mutex
 *
 * STAMPS. What CPUs remember of verdicts holds for one stamp: a number that no policy,
 * and no map of interfaces to zones, had before. Who remembers reads the stamp first
 * (pn_net_stamp()), then what he remembers; who changes the map gives the new stamp last.
 */
#ifndef PN_NET_H
#define PN_NET_H

#include <linux/mutex.h>
#include <linux/workqueue.h>
#include <net/net_namespace.h>
#include <net/netns/generic.h>

#include "ingress.h"
#include "policy.h"
#include "stats.h"

struct pn_answers;
struct pn_bans;
struct pn_fastpath;
struct pn_flows;
struct pn_limiter;
struct pn_memo;
struct pn_doors;
struct pn_routes;

/**
 * struct pn_net - one network namespace
 */
struct pn_net {
	struct pn_policy __rcu *policy;		/* [R] NULL: none loaded */
	struct pn_stats __percpu *stats;	/* [P] */
	struct pn_memo __percpu *memo;		/* [P] which rule a flow belongs to */
	struct pn_answers __percpu *answers;	/* [P] what the policy says of new ones */
	struct pn_routes __percpu *routes;	/* [P] and where those would go */
	struct pn_flows *flows;			/* inspected; NULL: no RPC policy yet */
	struct pn_doors *doors;			/* likewise; both stay once they are there */
	struct pn_limiter *limiter;		/* likewise for limits; [L] to replace */
	struct mutex limiter_mutex;		/* who walks its tables, outside packets */
	struct pn_bans *bans;
	struct pn_ingress outpost;		/* by rtnl */
	bool flooded;				/* [A] the outpost guards */
	u32 peace;				/* [H] house work since it had to */
	struct pn_fastpath *fastpath;		/* [M] NULL: none */
	struct pn_ingress entrance;		/* of the fast path */
	struct list_head ingress;		/* hooks there, by rtnl */
	struct net *net;			/* back pointer, lives longer */
	struct mutex mutex;
	u32 generation;				/* [M] of the last load */
	u32 stamps;				/* by rtnl: the last one */
	struct nf_hook_ops *hooks;		/* [M] NULL: not registered */
	bool tracked;				/* [M] conntrack is on, and [P] there */
	bool open;				/* [A] unloaded with --open */
	bool one_way;				/* [A] seen since the load */

	/* load --confirm: what to go back to, and when */
	struct pn_policy *previous;		/* [M] NULL: none to go back to */
	bool previous_open;			/* [M] and whether it was open then */
	bool trial;				/* [M] waits for POLICY_CONFIRM */
	u64 trial_ends_ns;			/* [M] ktime_get_boottime_ns() */
	struct delayed_work trial_work;

	struct list_head txns;			/* [T] open transactions */
	struct delayed_work house_work;		/* rates, reaping, conntrack level */
	atomic64_t events_due;			/* [A] rate limit of events, see rate.h */
	atomic64_t pinhole_events_due;		/* [A] of those about pinholes */
	atomic64_t limit_events_due;		/* [A] of those about limits */
	atomic64_t rejects_due;			/* [A] rate limit of answers */
	atomic64_t logs_due;			/* [A] rate limit of the packet log */
	bool ct_full;				/* [A] at least 80% */

	/* rates for /proc, written by house_work only [A] */
	struct pn_rates rates;
	struct pn_meter meter;			/* [H] */
	struct pn_baseline __rcu *baseline;	/* [R] subtracted since the last reset */
};

extern unsigned int pn_net_id;

static inline struct pn_net *pn_net(const struct net *net)
{
	return net_generic(net, pn_net_id);
}

/* Nothing that was remembered of @policy holds any more. Context: rtnl held. */
static inline void pn_net_restamp(struct pn_net *pn, struct pn_policy *policy)
{
	/* pairs with pn_net_stamp() */
	smp_store_release(&policy->stamp, ++pn->stamps);
}

/* For what is looked up from here on. Context: RCU read side. */
static inline u32 pn_net_stamp(const struct pn_policy *policy)
{
	/* pairs with pn_net_restamp() */
	return smp_load_acquire(&policy->stamp);
}

/*
 * Publishing. All take net->mutex themselves, and must not be called with it.
 */

/**
 * pn_net_load - put a compiled policy in force
 * @pn: namespace
 * @policy: compiled; owned by @pn from here on, also on failure
 * @flags: POSTERN_COMMIT_*
 * @confirm_ms: 0, or how long until it goes back by itself
 * @expect: NULL, or the generation that must be in force
 * @generation: set to that of @policy
 * @extack: gets the sentence
 *
 * When it returns 0, no packet is judged by the policy before any more, and the
 * conntrack entries that @policy denies are gone (unless KEEP_FLOWS).
 *
 * Context: process, sleeps for a grace period.
 * Return: 0, -ESTALE, -EPERM, -ENOMEM.
 */
int pn_net_load(struct pn_net *pn, struct pn_policy *policy, u32 flags,
		u32 confirm_ms, const u32 *expect, u32 *generation,
		struct netlink_ext_ack *extack);
int pn_net_confirm(struct pn_net *pn, struct netlink_ext_ack *extack);
int pn_net_unload(struct pn_net *pn, u32 flags, struct netlink_ext_ack *extack);
int pn_net_reset(struct pn_net *pn);

bool pn_net_lockdown(const struct pn_net *pn);

int pn_net_init(void);
void pn_net_exit(void);

#endif /* PN_NET_H */
