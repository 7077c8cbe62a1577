// SPDX-License-Identifier: GPL-2.0
/*
 * Where packets meet the policy.
 *
 *   ingress     as prerouting, while a flood lasts
 *   prerouting  before conntrack: what cannot be, what cannot pass
 *   fragments   the same for first fragments of IPv6, before they are joined
 *   forward     every packet between two interfaces
 *   input       to the router itself, if the policy names it as a destination
 *   output      from the router itself, if the policy names it as a source
 */
#include <linux/etherdevice.h>
#include <linux/icmpv6.h>
#include <linux/igmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/nf_conntrack.h>

#include "compat/compiler.h"
#include "flow.h"
#include "guard.h"
#include "hook.h"
#include "judge.h"
#include "zone.h"

/*
 * Behind a VRF the hooks see the VRF, and some kernels show the outgoing interface
 * twice for multicast; where the packet really came in stays.
 */
static u8 zone_of_input(const struct pn_policy *policy,
			const struct nf_hook_state *state,
			const struct sk_buff *skb, bool v6)
{
	u8 zone = PN_ZONE_NONE;

	if (netif_is_l3_master(state->in) || (v6 && state->in == state->out))
		zone = pn_zone_of(policy, v6 ? IP6CB(skb)->iif : IPCB(skb)->iif);
	return zone != PN_ZONE_NONE ? zone : pn_zone_of_device(policy, state->in);
}

/* Did br_netfilter see the packet? It may be bridged or routed. */
static bool from_bridge(const struct sk_buff *skb)
{
#if IS_ENABLED(CONFIG_BRIDGE_NETFILTER)
	return nf_bridge_info_exists(skb);
#else
	return false;
#endif
}

/*
 * Before the bridge has decided, its own address is what most surely says that
 * a frame is for the router. The bridge takes other addresses as well, those of
 * its ports for one: so what is left alone here is not yet let through.
 */
static bool seems_bridged(const struct sk_buff *skb,
			  const struct net_device *bridge)
{
	return from_bridge(skb) && skb_mac_header_was_set(skb) &&
	       !ether_addr_equal_unaligned(eth_hdr(skb)->h_dest,
					   bridge->dev_addr);
}

/*
 * A frame that goes from one port of a bridge to another. No address of the
 * frame tells: who sends it chooses them, and br_netfilter's notes stay with
 * packets that are routed. A routed packet is not yet at a port here.
 */
static bool only_bridged(const struct sk_buff *skb,
			 const struct nf_hook_state *state)
{
	return from_bridge(skb) && skb->dev != state->in &&
	       netif_is_bridge_port(skb->dev) &&
	       netdev_master_upper_dev_get_rcu(skb->dev) == state->out;
}

/*
 * All that pn_packet_parse() may leave alone. Field by field: to clear the whole takes
 * longer than to parse a packet. Who adds a field to struct pn_packet adds it here.
 */
static void begin(struct pn_packet *p, struct sk_buff *skb,
		  const struct nf_hook_state *state)
{
	p->t.saddr.hi = 0;
	p->t.saddr.lo = 0;
	p->t.daddr.hi = 0;
	p->t.daddr.lo = 0;
	p->t.proto = 0;
	p->t.zone_in = PN_ZONE_NONE;
	p->t.zone_out = PN_ZONE_NONE;
	p->skb = skb;
	p->in = state->in;
	p->out = state->out;
	p->thoff = 0;
	p->tcp_seq = 0;
	p->tcp_ack = 0;
	p->stamp = 0;
	p->class = 0;
	p->zone_in = PN_ZONE_NONE;
	p->zone_out = PN_ZONE_NONE;
	p->command = NULL;
}

/* What can be said before conntrack. @rule: set to the block rule that decides. */
static enum pn_reason check(struct pn_net *pn, const struct pn_policy *policy,
			    struct pn_packet *p,
			    const struct nf_hook_state *state, bool v6,
			    u32 *rule)
{
	u32 outcome = PN_OUTCOME_NONE;
	enum pn_reason reason;

	p->t.zone_in = p->zone_in;
	reason = pn_packet_parse(p, v6);
	if (!reason)
		reason = pn_guard_source(policy, p, p->zone_in);
	/* where an answer is due, or nothing may be dropped, the hook forward decides */
	if (reason || !pn_packet_opens_tcp(p) ||
	    policy->flags & POSTERN_POLICY_OBSERVE || policy->kept ||
	    policy->zones[p->zone_in].flags & POSTERN_ZONE_REJECT)
		return reason;
	reason = pn_guard_open(pn, policy, p, &outcome);
	if (reason) {
		pn_judge_observed(pn, policy, p, outcome, state);
		pn_outcome_allows(policy, outcome, rule);
	}
	return reason;
}

static unsigned int drop_early(struct pn_net *pn, const struct pn_policy *policy,
			       const struct pn_packet *p, enum pn_reason reason,
			       u32 rule, const struct nf_hook_state *state)
{
	unsigned int verdict = pn_judge_drop(pn, policy, p, reason, rule, state);

	if (verdict != NF_ACCEPT)
		pn_count(pn->stats, PN_COUNT_EARLY_DROPS);
	return verdict;
}

static unsigned int decide_prerouting(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p pn_uncleared;
	enum pn_reason reason;
	u32 rule = U32_MAX;

	if (!policy || skb->pkt_type == PACKET_LOOPBACK ||
	    state->in->flags & IFF_LOOPBACK ||
	    /* a VRF's second pass */
	    netif_is_l3_master(state->in) || seems_bridged(skb, state->in))
		return NF_ACCEPT;
	begin(&p, skb, state);
	p.zone_in = pn_zone_of_device(policy, state->in);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	reason = check(pn, policy, &p, state, state->pf == NFPROTO_IPV6, &rule);
	if (!reason)
		return NF_ACCEPT;
	return drop_early(pn, policy, &p, reason, rule, state);
}

/*
 * The same, before the kernel has looked at the IP header: only of TCP that is for this
 * router's link address, and comes to the hook prerouting next if nobody drops it here.
 * What is only observed is reported there, once.
 */
unsigned int pn_hook_ingress(void *priv, struct sk_buff *skb,
			     const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	bool v6 = skb->protocol == htons(ETH_P_IPV6);
	struct pn_packet p pn_uncleared;
	struct nf_hook_state as pn_uncleared;
	enum pn_reason reason;
	u32 rule = U32_MAX;

	if (!READ_ONCE(pn->flooded) || !policy ||
	    policy->flags & POSTERN_POLICY_OBSERVE ||
	    skb->pkt_type != PACKET_HOST || skb_vlan_tag_present(skb) ||
	    (!v6 && skb->protocol != htons(ETH_P_IP)) ||
	    /* a bridge or bond takes what comes to its ports, and looks at it itself */
	    rcu_access_pointer(skb->dev->rx_handler) || from_bridge(skb) ||
	    !pn_packet_is_segment(skb, v6))
		return NF_ACCEPT;
	begin(&p, skb, state);
	p.zone_in = pn_zone_of_device(policy, state->in);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	as = *state;
	as.pf = v6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
	as.hook = NF_INET_PRE_ROUTING;
	reason = check(pn, policy, &p, &as, v6, &rule);
	if (!reason)
		return NF_ACCEPT;
	pn_count(pn->stats, PN_COUNT_INGRESS_DROPS);
	return drop_early(pn, policy, &p, reason, rule, &as);
}

/* Before the kernel puts fragments together; for IPv6 only. */
static unsigned int decide_fragments(void *priv, struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p pn_uncleared;
	enum pn_reason reason = pn_packet_check_fragment(skb);

	if (likely(!reason) || !policy || netif_is_l3_master(state->in) ||
	    seems_bridged(skb, state->in))
		return NF_ACCEPT;
	begin(&p, skb, state);
	p.zone_in = pn_zone_of_device(policy, state->in);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	pn_packet_parse(&p, true);	/* as far as it goes, for the report */
	return drop_early(pn, policy, &p, reason, U32_MAX, state);
}

/*
 * Of a connection that is known, and read. Only decide_forward() has taught that, after
 * it had found both zones and no bridge, and none is known of before the last change of
 * zones (pn_net_restamp()): so nobody asks again.
 */
static noinline unsigned int decide_read(struct pn_net *pn,
					 const struct pn_policy *policy,
					 struct sk_buff *skb,
					 const struct nf_hook_state *state,
					 const struct pn_known *known)
{
	struct pn_packet p pn_uncleared;
	enum pn_reason reason;

	begin(&p, skb, state);
	p.stamp = known->stamp;
	p.zone_in = known->zone_in;
	p.zone_out = known->zone_out;
	p.t.zone_in = known->zone_in;
	p.t.zone_out = known->zone_out;
	reason = pn_packet_parse(&p, state->pf == NFPROTO_IPV6);
	if (reason) {
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return pn_judge_drop(pn, policy, &p, reason, U32_MAX, state);
	}
	return pn_judge_read(pn, policy, &p, known, state);
}

static unsigned int decide_forward(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p pn_uncleared;
	bool v6 = state->pf == NFPROTO_IPV6;
	enum pn_reason reason = PN_NO_POLICY;
	struct pn_known known;

	if (only_bridged(skb, state))
		return NF_ACCEPT;
	if (!policy) {
		if (!pn_net_lockdown(pn))
			return NF_ACCEPT;
		begin(&p, skb, state);
		pn_packet_parse(&p, v6);
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return pn_judge_drop(pn, policy, &p, reason, U32_MAX, state);
	}
	/* nearly every packet ends here */
	if (!from_bridge(skb) && pn_flow_known(pn, policy, skb, state, &known)) {
		if (known.note)
			return decide_read(pn, policy, skb, state, &known);
		pn_judge_pass(pn, policy, skb, known.rule, state);
		return NF_ACCEPT;
	}
	begin(&p, skb, state);
	p.stamp = pn_net_stamp(policy);
	p.zone_in = zone_of_input(policy, state, skb, v6);
	p.zone_out = pn_zone_of_device(policy, state->out);
	if (p.zone_in == PN_ZONE_NONE && p.zone_out == PN_ZONE_NONE &&
	    !READ_ONCE(policy->zones_lost)) {
		pn_count(pn->stats, PN_COUNT_LEFT_ALONE);
		return NF_ACCEPT;
	}
	reason = pn_packet_parse(&p, v6);
	if (!reason && READ_ONCE(policy->zones_lost))
		reason = PN_NO_MEMORY;
	if (!reason && (p.zone_in == PN_ZONE_NONE || p.zone_out == PN_ZONE_NONE))
		reason = PN_NO_ZONE;
	/* the guard may have taken it for a bridged frame */
	if (!reason && from_bridge(skb))
		reason = pn_guard_source(policy, &p, p.zone_in);
	if (reason) {
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return pn_judge_drop(pn, policy, &p, reason, U32_MAX, state);
	}
	p.t.zone_in = p.zone_in;
	p.t.zone_out = p.zone_out;
	return pn_judge(pn, policy, &p, state);
}

/* The router as a client of DHCP (RFC 2131) or DHCPv6 (RFC 8415). */
static bool own_lease(const struct pn_packet *p)
{
	u16 server = p->t.v6 ? 547 : 67, client = p->t.v6 ? 546 : 68;

	if (p->t.proto != IPPROTO_UDP)
		return false;
	return p->in ? p->sport == server && p->t.port == client :
		       p->sport == client && p->t.port == server;
}

/*
 * Neighbour discovery (RFC 4861), MLD, IGMP and its own lease: the router would
 * lose the link without them, whatever the policy says of it.
 */
bool pn_hook_needed_by_link(const struct pn_packet *p)
{
	u8 type = p->t.port >> 8;

	if (own_lease(p))
		return true;
	if (!p->t.v6)
		return p->t.proto == IPPROTO_IGMP;
	if (p->t.proto != IPPROTO_ICMPV6)
		return false;
	return (type >= NDISC_ROUTER_SOLICITATION && type <= NDISC_REDIRECT) ||
	       (type >= ICMPV6_MGM_QUERY && type <= ICMPV6_MGM_REDUCTION) ||
	       type == ICMPV6_MLD2_REPORT;
}

/*
 * A flow is looked at in both directions, or in none: what is read of it, and its limit,
 * know the client by the server's answers. @begins: the policy guards what begins where
 * the packet comes from; @answers: at the other end.
 */
static bool is_guarded(const struct sk_buff *skb, bool begins, bool answers)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	return ct && CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY ? answers : begins;
}

static unsigned int decide_input(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p pn_uncleared;
	bool v6 = state->pf == NFPROTO_IPV6;
	enum pn_reason reason;

	if (!policy || state->in->flags & IFF_LOOPBACK ||
	    !is_guarded(skb, policy->guards_input, policy->guards_output))
		return NF_ACCEPT;
	begin(&p, skb, state);
	p.stamp = pn_net_stamp(policy);
	p.zone_in = zone_of_input(policy, state, skb, v6);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	reason = pn_packet_parse(&p, v6);
	if (reason) {
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return pn_judge_drop(pn, policy, &p, reason, U32_MAX, state);
	}
	if (pn_hook_needed_by_link(&p))
		return NF_ACCEPT;
	p.t.zone_in = p.zone_in;
	p.t.zone_out = policy->tables.zone_self;
	return pn_judge(pn, policy, &p, state);
}

/*
 * What the router's kernel answers itself, resets and ICMP errors, and what craft.c
 * sends: never a SYN, which would be that of a connection a helper expects.
 */
static bool own_answer(const struct pn_packet *p)
{
	enum ip_conntrack_info ctinfo;

	if (p->icmp_error)
		return true;
	return nf_ct_get(p->skb, &ctinfo) && p->t.proto == IPPROTO_TCP &&
	       !(p->tcp_flags & PN_TCP_SYN) &&
	       (ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY);
}

static unsigned int decide_output(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	/* a table before this may have changed its mark, and with it its route */
	const struct net_device *out = skb_dst(skb) ? skb_dst(skb)->dev :
						      state->out;
	struct pn_packet p pn_uncleared;
	enum pn_reason reason;

	if (!policy || out->flags & IFF_LOOPBACK ||
	    netif_is_l3_master(state->out) || netif_is_l3_master(out) ||
	    !is_guarded(skb, policy->guards_output, policy->guards_input))
		return NF_ACCEPT;
	begin(&p, skb, state);
	p.out = out;
	p.stamp = pn_net_stamp(policy);
	p.zone_out = pn_zone_of_device(policy, out);
	if (p.zone_out == PN_ZONE_NONE)
		return NF_ACCEPT;
	reason = pn_packet_parse(&p, state->pf == NFPROTO_IPV6);
	if (reason) {
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return pn_judge_drop(pn, policy, &p, reason, U32_MAX, state);
	}
	if (pn_hook_needed_by_link(&p) || own_answer(&p))
		return NF_ACCEPT;
	p.t.zone_in = policy->tables.zone_self;
	p.t.zone_out = p.zone_out;
	return pn_judge(pn, policy, &p, state);
}

/*
 * Counters and memos are per CPU. Most packets come here with BH disabled, and are not
 * made to pay for the others: what a process sends, and what a program behind NFQUEUE
 * gives back.
 */
#define WITHOUT_BH(name)						\
static unsigned int name(void *priv, struct sk_buff *skb,		\
			 const struct nf_hook_state *state)		\
{									\
	unsigned int verdict;						\
									\
	if (likely(softirq_count()))					\
		return decide_##name(priv, skb, state);			\
	local_bh_disable();						\
	verdict = decide_##name(priv, skb, state);			\
	local_bh_enable();						\
	return verdict;							\
}

WITHOUT_BH(prerouting)
WITHOUT_BH(fragments)
WITHOUT_BH(forward)
WITHOUT_BH(input)
WITHOUT_BH(output)

/*
 * The guard stands behind defragmentation and before everything else, conntrack
 * and the raw table included. The others stand before the filter tables, so that
 * an administrator's own rules see the mark.
 */
#define PRIORITY_GUARD		(NF_IP_PRI_CONNTRACK_DEFRAG + 1)
#define PRIORITY_FRAGMENTS	(NF_IP_PRI_CONNTRACK_DEFRAG - 1)
#define PRIORITY_FILTER		(NF_IP_PRI_FILTER - 10)

#define HOOK(function, family, where, when) {				\
	.hook = (function),						\
	.pf = (family),							\
	.hooknum = (where),						\
	.priority = (when),						\
}

static const struct nf_hook_ops hooks[] = {
	HOOK(prerouting, NFPROTO_IPV4, NF_INET_PRE_ROUTING, PRIORITY_GUARD),
	HOOK(prerouting, NFPROTO_IPV6, NF_INET_PRE_ROUTING, PRIORITY_GUARD),
	HOOK(fragments, NFPROTO_IPV6, NF_INET_PRE_ROUTING,
	     PRIORITY_FRAGMENTS),
	HOOK(forward, NFPROTO_IPV4, NF_INET_FORWARD, PRIORITY_FILTER),
	HOOK(forward, NFPROTO_IPV6, NF_INET_FORWARD, PRIORITY_FILTER),
	HOOK(input, NFPROTO_IPV4, NF_INET_LOCAL_IN, PRIORITY_FILTER),
	HOOK(input, NFPROTO_IPV6, NF_INET_LOCAL_IN, PRIORITY_FILTER),
	HOOK(output, NFPROTO_IPV4, NF_INET_LOCAL_OUT, PRIORITY_FILTER),
	HOOK(output, NFPROTO_IPV6, NF_INET_LOCAL_OUT, PRIORITY_FILTER),
};

int pn_hook_register(struct pn_net *pn)
{
	u32 i;
	int err;

	lockdep_assert_held(&pn->mutex);
	if (pn->hooks)
		return 0;
	pn->hooks = kmemdup(hooks, sizeof(hooks), GFP_KERNEL_ACCOUNT);
	if (!pn->hooks)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(hooks); i++)
		pn->hooks[i].priv = pn;
	err = nf_register_net_hooks(pn->net, pn->hooks, ARRAY_SIZE(hooks));
	if (err) {
		kfree(pn->hooks);
		pn->hooks = NULL;
	}
	return err;
}

void pn_hook_unregister(struct pn_net *pn)
{
	if (!pn->hooks)
		return;
	nf_unregister_net_hooks(pn->net, pn->hooks, ARRAY_SIZE(hooks));
	/* unregistering frees its own copies after a grace period of its own */
	synchronize_net();
	kfree(pn->hooks);
	pn->hooks = NULL;
}
