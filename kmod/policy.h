/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The policy: what the administrator wrote, as objects, and what the packet
 * path reads, as tables.
 *
 * Life of a policy:
 *
 *   pn_policy_alloc()      staging: one owner (a transaction), no readers
 *   pn_policy_add_*()      objects are copied in and checked one by one
 *   pn_policy_compile()    references are resolved, tables built; immutable now
 *   pn_policy_publish()    one rcu pointer in struct pn_net      [net->mutex]
 *   pn_policy_free()       after a grace period, or instead of publishing
 *
 * Legend for the fields below:
 *   [S] written while staging, immutable after pn_policy_compile()
 *   [C] written by pn_policy_compile(), immutable afterwards
 *   [R] RCU pointer, replaced under net->mutex
 *   [P] per CPU
 */
#ifndef PN_POLICY_H
#define PN_POLICY_H

#include <linux/atomic.h>
#include <linux/list.h>
#include <linux/netlink.h>
#include <linux/rcupdate.h>
#include <linux/types.h>
#include <uapi/linux/postern.h>

#include "address.h"
#include "classify.h"
#include "limit.h"

struct net_device;
struct pn_inspector;
struct pn_kept;
struct pn_net;
struct pn_rpc_slot;

/**
 * struct pn_place - where in the administrator's files an object stands
 */
struct pn_place {
	u32 file;
	u32 line;			/* 0: not said */
};

/**
 * struct pn_zone - a set of interfaces, by name and pattern
 */
struct pn_zone {
	char *name;
	char **ifaces;
	u32 nr_ifaces;
	u32 flags;			/* POSTERN_ZONE_* */
	struct pn_place place;
};

/**
 * struct pn_hosts - a named set of addresses
 * @zone: index, or PN_ZONE_ANY
 * @members: numbers of sets added before this one
 * @r4: own ranges, ascending and disjoint, host order; the vector grows by
 *	POSTERN_A_RANGES
 */
struct pn_hosts {
	char *name;
	u32 zone;
	u32 flags;			/* POSTERN_HOSTS_* */
	u32 *members;
	u32 nr_members;
	struct pn_range4 *r4;
	u32 nr4, cap4;
	struct pn_range6 *r6;
	u32 nr6, cap6;
	struct pn_place place;
};

/* What an RPC service has where its options say nothing. */
#define PN_RPC_IDLE_MS		60000
#define PN_RPC_PER_CLIENT	64
#define PN_RPC_REMEMBER_MS	(8 * 3600 * 1000)

/**
 * struct pn_service - a named set of protocols and ports
 * @rpc: interfaces of an RPC service
 * @nr_rpc: 0: it is none, and the fields rpc_* say nothing
 * @rpc_flags: POSTERN_RPC_OPT_*
 * @rpc_idle_ms: life of a pinhole that nobody uses
 * @rpc_per_client: pinholes that one client may have
 * @rpc_remember_ms: how long the mapper's answers serve others; nothing with
 *	POSTERN_RPC_OPT_NO_REMEMBER
 * @reaches_rpc: it has interfaces, itself or by its members; set when it is added
 * @reaches_tcp: it has TCP, likewise; RPC is TCP
 * @single_tcp: it has single ports of TCP, and nothing else, likewise
 */
struct pn_service {
	char *name;
	struct postern_ports *ports;
	u32 nr_ports;
	u32 *members;
	u32 nr_members;
	struct postern_rpc *rpc;
	u32 nr_rpc;
	u32 rpc_flags;
	u32 rpc_idle_ms;
	u32 rpc_per_client;
	u32 rpc_remember_ms;
	bool reaches_rpc;
	bool reaches_tcp;
	bool single_tcp;
	u32 rpc_first;			/* [C] number of its first interface */
	struct pn_place place;
};

/**
 * struct pn_limit - what connections of a rule's sources are limited to
 * @flags: POSTERN_LIMIT_*
 * @rate: completed handshakes, for each level
 * @total: opening SYNs that are let through, of all sources together
 * @open: connections at once, for each level; 0: no limit
 * @half_open: connections that the client has not acknowledged yet, of all sources
 *	together; above it unknown sources must prove that they exist; 0: no limit
 * @silent: connections whose client has said nothing yet, of all sources together, at
 *	most PN_SILENT_MAX; 0: no limit
 * @ban_ms: for how long a source is banned at first; 0: nobody is
 * @ban_max_ms: to which it doubles each time
 * @ban_refusals: after so many refusals ...
 * @ban_window_ms: ... in so many ms
 * @prefix4: bits of an IPv4 address that make a source, a network
 * @prefix6: the same of an IPv6 address
 * @exempt: numbers of the sets of hosts that it does not touch
 * @number: in the limiter of the namespace, see limiter.h
 */
struct pn_limit {
	char *name;
	u32 flags;
	struct pn_limit_rate rate[PN_LEVELS];
	struct pn_limit_rate total;
	u32 open[PN_LEVELS];
	u32 half_open;
	u32 silent;
	u32 ban_ms, ban_max_ms;
	u32 ban_refusals, ban_window_ms;
	u8 prefix4[PN_LEVELS], prefix6[PN_LEVELS];
	u32 *exempt;
	u32 nr_exempt;
	u8 number;
	struct pn_place place;
};

#define PN_LIMIT_NONE	U32_MAX
#define PN_INSPECTOR_NONE U32_MAX

/**
 * struct pn_rule - hosts -> hosts : services
 * @limit: number of the limit on its connections, or PN_LIMIT_NONE
 * @inspector: number of what inspects them, or PN_INSPECTOR_NONE
 * @nr_services: 0 stands for any service
 * @text: canonical text; what makes a rule "the same" over a reload
 */
struct pn_rule {
	char *name;			/* or NULL */
	char *text;
	u32 action;			/* enum postern_action */
	u32 flags;			/* POSTERN_RULE_* */
	struct postern_endpoint *src, *dst;
	u32 nr_src, nr_dst;
	u32 *services;
	u32 nr_services;
	u32 limit;
	u32 inspector;
	u32 mark, mark_mask;		/* 0 mask: none */
	struct pn_place place;
};

/**
 * struct pn_rule_count - what one CPU counted for one rule
 */
struct pn_rule_count {
	u64 hits;
	u64 packets;
	u64 bytes;
};

/**
 * struct pn_policy - one policy: objects and tables
 *
 * Memory: every byte is charged to the caller's memory cgroup and to
 * pn_memory (see memory.h); @memory is this policy's share.
 */
struct pn_policy {
	/* what the packet path reads, first and together */
	struct pn_tables tables;	/* [C] */
	u32 generation;			/* [C] 1.., this namespace's count of loads */
	u32 flags;			/* [S] POSTERN_POLICY_* */
	u32 mark, mark_mask;		/* [S] */
	u32 fastpath;			/* [S] enum postern_fastpath */
	const struct pn_kept *kept;	/* [C] flows from before, or NULL; see kept.h */
	bool guards_input;		/* [C] a rule names the router as destination */
	bool guards_output;		/* [C] a rule names the router as source */
	struct pn_zonemap __rcu *zonemap; /* [R] interface index -> zone, by rtnl */
	bool zones_lost;		/* by rtnl: an interface is missing in it */
	u32 stamp;			/* by rtnl: of what is remembered of it, see net.h */
	struct pn_rule_count **counts;	/* [P] per possible CPU, nr_rules each */
	struct pn_rule_count *base;	/* [C] carried over from the policy before */

	/* what the administrator wrote */
	char **files;			/* [S] */
	u32 nr_files;
	struct pn_zone *zones;		/* [S] */
	u32 nr_zones, cap_zones;
	struct pn_hosts *hosts;		/* [S] */
	u32 nr_hosts, cap_hosts;
	struct pn_service *services;	/* [S] */
	u32 nr_services, cap_services;
	struct pn_limit *limits;	/* [S] */
	u32 nr_limits, cap_limits;
	struct pn_inspector *inspectors; /* [S] see inspector.h */
	u32 nr_inspectors, cap_inspectors;
	u32 nr_sources;			/* [S] entries for sources; 0: nothing needs them */
	struct pn_rule *rules;		/* [S] */
	u32 nr_rules, cap_rules;
	u32 nr_ranges;			/* [S] over all sets */
	u32 nr_rpc;			/* [S] interfaces, over all services */
	struct pn_rpc_slot *rpc;	/* [C] as many, by interface */

	u64 memory;			/* bytes */
	bool confined;			/* [S] of a user namespace of its own */
	time64_t loaded_at;		/* seconds of the epoch */
	u64 loaded_ns;			/* ktime_get_boottime_ns() */
	struct rcu_head rcu;
};

/* Return: @err, and the sentence in @extack. */
#define PN_REFUSE(extack, err, msg)					\
	({								\
		NL_SET_ERR_MSG(extack, msg);				\
		(err);							\
	})

struct pn_policy *pn_policy_alloc(struct netlink_ext_ack *extack);
void pn_policy_free(struct pn_policy *policy);

/*
 * Staging. Each takes ownership of nothing: names and arrays are copied.
 * Return: 0, -EINVAL or -E2BIG or -ENOMEM with extack set. The caller sets the
 * bad attribute and the place.
 */
int pn_policy_add_file(struct pn_policy *policy, const char *path,
		       struct netlink_ext_ack *extack);
int pn_policy_add_zone(struct pn_policy *policy, const struct pn_zone *zone,
		       struct netlink_ext_ack *extack);
int pn_policy_add_hosts(struct pn_policy *policy, const struct pn_hosts *hosts,
			struct netlink_ext_ack *extack);
int pn_policy_add_ranges4(struct pn_policy *policy, u32 hosts,
			  const struct postern_range4 *r, u32 nr,
			  struct netlink_ext_ack *extack);
int pn_policy_add_ranges6(struct pn_policy *policy, u32 hosts,
			  const struct postern_range6 *r, u32 nr,
			  struct netlink_ext_ack *extack);
int pn_policy_add_service(struct pn_policy *policy,
			  const struct pn_service *service,
			  struct netlink_ext_ack *extack);
int pn_policy_set_sources(struct pn_policy *policy, u32 nr,
			  struct netlink_ext_ack *extack);
/* What is derived of its rates is set here, and need not be there before. */
int pn_policy_add_limit(struct pn_policy *policy, const struct pn_limit *limit,
			struct netlink_ext_ack *extack);
int pn_policy_add_rule(struct pn_policy *policy, const struct pn_rule *rule,
		       struct netlink_ext_ack *extack);

/**
 * pn_policy_compile - resolve references and build the tables
 * @policy: staged; on success immutable
 * @place: on refusal, the place of the object to blame; line 0 if none
 * @extack: gets the sentence
 *
 * Context: process, may sleep; no lock held.
 * Return: 0 or a negative errno.
 */
int pn_policy_compile(struct pn_policy *policy, struct pn_place *place,
		      struct netlink_ext_ack *extack);

/* Return: -ENOMEM, and its sentence in @extack. */
int pn_policy_no_memory(struct netlink_ext_ack *extack);

/* Part of pn_policy_add_rule(): may it have this limit? */
int pn_limit_check_rule(const struct pn_policy *policy,
			const struct pn_rule *rule,
			struct netlink_ext_ack *extack);

/* Likewise: may it have this inspector? */
int pn_inspector_check_rule(const struct pn_policy *policy,
			    const struct pn_rule *rule,
			    struct netlink_ext_ack *extack);

/* Part of pn_policy_free(). */
void pn_limits_free(struct pn_policy *policy);
void pn_inspectors_free(struct pn_policy *policy);

/* Part of pn_policy_free(): what pn_policy_compile() has built. */
void pn_tables_free(struct pn_policy *policy);

/* True if the list that begins at @outcome ends in an allow rule; its number. */
static inline bool pn_outcome_allows(const struct pn_policy *policy,
				     u32 outcome, u32 *rule)
{
	const struct pn_tables *t = &policy->tables;

	for (; outcome != PN_OUTCOME_NONE; outcome = t->outcome[outcome].next) {
		*rule = t->outcome[outcome].rule;
		if (policy->rules[*rule].action == POSTERN_ACTION_ALLOW)
			return true;
		if (!(policy->rules[*rule].flags & POSTERN_RULE_OBSERVE))
			return false;
	}
	*rule = U32_MAX;
	return false;
}

#endif /* PN_POLICY_H */
