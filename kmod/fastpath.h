/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The fast path: flows of which nothing is left to be read or counted are handed to the
 * kernel's nf_flow_table, whose packets go from the ingress of one interface to the
 * neighbour behind another.
 *
 *	offer.c		which flow is handed over, and when
 *	entrance.c	its packets from then on: judged by the policy in force, by
 *			memo, counted, and forwarded
 *	fastpath.c	the table, and when flows leave it
 *
 * THEORY OF OPERATION. The entrance asks of each packet what the forward hook would ask
 * of an established flow: whether the policy in force allows it between the zones where
 * it comes from and goes to. What it cannot answer with yes it leaves to the hooks, as
 * it does all that nf_flow_table does not forward (fragments, options, what is too
 * large). So a packet has one verdict, whichever way it takes, and is counted once:
 * here if nf_flow_table took it, else in the forward hook.
 *
 * A flow leaves the table at its end (FIN, RST, conntrack's entry dies), when a SYN
 * of it comes, when it was idle for as long as nf_flow_table says, when an interface
 * that it passes changes, and when a policy is put in force. It goes on by the hooks, and
 * may be offered anew.
 */
#ifndef PN_FASTPATH_H
#define PN_FASTPATH_H

#include <linux/kconfig.h>
#include <net/netfilter/nf_conntrack.h>

#include "foreign.h"
#include "net.h"
#include "packet.h"

struct nf_hook_state;

/**
 * struct pn_fastpath_status - what an administrator wants to know of it
 * @state: enum postern_fast
 * @flows: in the table
 * @foreign: the hook for which it is off, with POSTERN_FAST_FOREIGN
 */
struct pn_fastpath_status {
	u32 state;
	u32 flows;
	char foreign[PN_FOREIGN_NAME_MAX + 1];
};

#if IS_ENABLED(CONFIG_NF_FLOW_TABLE)

/* Once, with the namespace. */
void pn_fastpath_init(struct pn_net *pn);

/*
 * @policy was put in force, and packets are judged by none before it: when this
 * returns, no flow is in the table that was offered under another.
 * Context: process, mutex held.
 */
void pn_fastpath_review(struct pn_net *pn, const struct pn_policy *policy);

/* No policy is in force any more. Context: process, mutex held. */
void pn_fastpath_exit(struct pn_net *pn);

/* Flows whose routes may have changed leave. Context: process. */
void pn_fastpath_house(struct pn_net *pn);

/* @policy: in force, or NULL. Context: RCU read side. */
void pn_fastpath_read(const struct pn_net *pn, const struct pn_policy *policy,
		      struct pn_fastpath_status *status);

void pn_fastpath_try(struct pn_net *pn, const struct pn_policy *policy,
		     const struct sk_buff *skb,
		     const struct nf_hook_state *state);

/**
 * pn_fastpath_offer - a packet is accepted, and nothing waits for others of its flow
 * @pn: namespace
 * @policy: in force
 * @skb: the packet, with the mark that it came with; of a confirmed conntrack entry
 * @state: of the hook
 *
 * Context: BH disabled.
 */
static inline void pn_fastpath_offer(struct pn_net *pn,
				     const struct pn_policy *policy,
				     const struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	if (policy->fastpath != POSTERN_FASTPATH_OFF &&
	    state->hook == NF_INET_FORWARD && pn->fastpath)
		pn_fastpath_try(pn, policy, skb, state);
}

void pn_fastpath_end(struct pn_net *pn, const struct pn_packet *p,
		     const struct nf_conn *ct, enum ip_conntrack_info ctinfo);

/*
 * A packet of @ct came to the forward hook. If its ends begin anew, nothing is known of
 * what follows. Context: likewise.
 */
static inline void pn_fastpath_seen(struct pn_net *pn,
				    const struct pn_packet *p,
				    const struct nf_conn *ct,
				    enum ip_conntrack_info ctinfo)
{
	if (unlikely(p->tcp_flags & PN_TCP_SYN) &&
	    test_bit(IPS_OFFLOAD_BIT, &ct->status))
		pn_fastpath_end(pn, p, ct, ctinfo);
}

int pn_fastpath_start(void);
void pn_fastpath_stop(void);

#else

static inline void pn_fastpath_init(struct pn_net *pn) { }
static inline void pn_fastpath_review(struct pn_net *pn,
				      const struct pn_policy *policy) { }
static inline void pn_fastpath_exit(struct pn_net *pn) { }
static inline void pn_fastpath_house(struct pn_net *pn) { }

static inline void pn_fastpath_read(const struct pn_net *pn,
				    const struct pn_policy *policy,
				    struct pn_fastpath_status *status)
{
	*status = (struct pn_fastpath_status){
		.state = POSTERN_FAST_ABSENT,
	};
}

static inline void pn_fastpath_offer(struct pn_net *pn,
				     const struct pn_policy *policy,
				     const struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
}

static inline void pn_fastpath_seen(struct pn_net *pn,
				    const struct pn_packet *p,
				    const struct nf_conn *ct,
				    enum ip_conntrack_info ctinfo)
{
}

static inline int pn_fastpath_start(void)
{
	return 0;
}

static inline void pn_fastpath_stop(void) { }

#endif

#endif /* PN_FASTPATH_H */
