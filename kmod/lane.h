/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the fast path share; see fastpath.h.
 */
#ifndef PN_LANE_H
#define PN_LANE_H

#include "compat/flow_table.h"
#include "foreign.h"
#include "net.h"
#include "ticket.h"

#define PN_REFUSALS	64

/**
 * struct pn_refusal - a flow that was not taken
 * @ct: compared, never followed
 * @ports: of it: its memory is used again
 * @generation: of the policy
 * @until: when it may be offered again, in jiffies
 */
struct pn_refusal {
	const struct nf_conn *ct;
	u32 ports;
	u32 generation;
	unsigned long until;
};

struct pn_refusals {
	struct pn_refusal flow[PN_REFUSALS];
};

/**
 * struct pn_fastpath - of one namespace
 * @table: the kernel's
 * @tickets: of its packets
 * @refused: [P] so that what cannot be taken is not looked at with each packet
 * @routes: what pn_flow_routes() was when the flows of IPv6 were offered
 * @share: of max_offloaded, one part in so many
 */
struct pn_fastpath {
	struct nf_flowtable table;
	struct pn_tickets tickets;
	struct pn_refusals __percpu *refused;
	int routes;
	u32 share;
};

/* Policy routing: the way back cannot be found by addresses alone. */
static inline bool pn_lane_routed(const struct net *net)
{
	bool routed = false;

#ifdef CONFIG_IP_MULTIPLE_TABLES
	routed |= READ_ONCE(net->ipv4.fib_has_custom_rules);
#endif
#ifdef CONFIG_IPV6_MULTIPLE_TABLES
	routed |= READ_ONCE(net->ipv6.fib6_has_custom_rules);
#endif
	return routed;
}

/* May packets take the fast path now? Context: RCU read side. */
static inline bool pn_lane_open(const struct pn_net *pn,
				const struct pn_policy *policy)
{
	if (policy->fastpath == POSTERN_FASTPATH_AUTO)
		return PN_FLOW_LASTS && !pn_foreign_here(pn->net);
	return policy->fastpath == POSTERN_FASTPATH_ON;
}

/* May there be better routes than those of the flows in it? */
static inline bool pn_lane_rerouted(const struct pn_net *pn,
				    const struct pn_fastpath *fast)
{
	return pn_flow_routes(pn->net) != READ_ONCE(fast->routes);
}

static inline u32 pn_lane_flows(const struct pn_fastpath *fast)
{
	/* one for each direction */
	return atomic_read(&fast->table.rhashtable.nelems) / 2;
}

/*
 * @flow goes on by the hooks, if it goes on: fastpath.c. Context: RCU read side, or its
 * table is walked; any.
 */
void pn_lane_end(struct flow_offload *flow);

/* The hook at the ingress of interfaces: entrance.c. */
unsigned int pn_lane_enter(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state);

#endif /* PN_LANE_H */
