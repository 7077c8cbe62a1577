// SPDX-License-Identifier: GPL-2.0
/*
 * Where packets meet the policy. This is the only file that says NF_DROP.
 *
 *   prerouting  before conntrack: what cannot be, what cannot pass
 *   fragments   the same for first fragments of IPv6, before they are joined
 *   forward     every packet between two interfaces
 *   input       to the router itself, if the policy names it as a destination
 *   output      from the router itself, if the policy names it as a source
 */
#include <linux/etherdevice.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <linux/igmp.h>
#include <linux/ktime.h>
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/netfilter_ipv6.h>
#include <net/netfilter/ipv4/nf_reject.h>
#include <net/netfilter/ipv6/nf_reject.h>
#include <net/netfilter/nf_conntrack.h>
#include <net/netfilter/nf_log.h>
#include <net/route.h>

#include "events.h"
#include "flow.h"
#include "guard.h"
#include "inspect.h"
#include "inspected.h"
#include "hook.h"
#include "kept.h"
#include "mangle.h"
#include "rate.h"
#include "reject.h"
#include "trace.h"
#include "zone.h"

static void count_rule(const struct pn_policy *policy, u32 rule,
		       unsigned int hits, unsigned int bytes)
{
	struct pn_rule_count *c;

	c = &policy->counts[smp_processor_id()][rule];
	c->hits += hits;
	c->packets++;
	c->bytes += bytes;
}

/* A console is slower than a flood, and would stop the router. */
#define LOGS_PER_SECOND		1000

static void log_packet(struct pn_net *pn, const struct pn_packet *p,
		       const struct nf_hook_state *state, const char *what)
{
	if (!pn_rate_allow(&pn->logs_due, ktime_get_ns(),
			   NSEC_PER_SEC / LOGS_PER_SECOND, LOGS_PER_SECOND)) {
		pn_count(pn->stats, PN_COUNT_LOGS_LIMITED);
		return;
	}
	pn_count(pn->stats, PN_COUNT_LOGGED);
	nf_log_packet(state->net, state->pf, state->hook, p->skb, p->in, p->out,
		      NULL, "postern: %s ", what);
}

static void report(struct pn_net *pn, const struct pn_policy *policy,
		   const struct pn_packet *p, enum pn_reason reason, u32 rule,
		   bool observed)
{
	pn_count_drop(pn->stats, reason, observed);
	trace_postern_drop(p, reason, rule, observed);
	pn_event_drop(pn, policy, p, reason, rule, observed);
}

/* @rule: the block rule that decided, or U32_MAX */
static unsigned int drop(struct pn_net *pn, const struct pn_policy *policy,
			 const struct pn_packet *p, enum pn_reason reason,
			 u32 rule, const struct nf_hook_state *state)
{
	bool observe = policy && policy->flags & POSTERN_POLICY_OBSERVE;

	report(pn, policy, p, reason, rule, observe);
	if (rule != U32_MAX) {
		count_rule(policy, rule, 1, p->skb->len);
		if (policy->rules[rule].flags & POSTERN_RULE_LOG)
			log_packet(pn, p, state, pn_reason_name[reason]);
	}
	if (observe)
		return NF_ACCEPT;
	if (policy && state->hook != NF_INET_PRE_ROUTING &&
	    p->zone_in != PN_ZONE_NONE &&
	    policy->zones[p->zone_in].flags & POSTERN_ZONE_REJECT)
		pn_reject(pn, p, reason, state);
	return NF_DROP;
}

static unsigned int accept(struct pn_net *pn, const struct pn_policy *policy,
			   const struct pn_packet *p, u32 rule, bool first,
			   const struct nf_hook_state *state)
{
	struct sk_buff *skb = p->skb;

	pn_count(pn->stats, PN_COUNT_ACCEPTED);
	pn_count_add(pn->stats, PN_COUNT_BYTES, skb->len);
	skb->mark = (skb->mark & ~policy->mark_mask) | policy->mark;
	if (rule != U32_MAX) {
		const struct pn_rule *r = &policy->rules[rule];

		skb->mark = (skb->mark & ~r->mark_mask) | r->mark;
		count_rule(policy, rule, first, skb->len);
		if (first && r->flags & POSTERN_RULE_LOG)
			log_packet(pn, p, state, "allow");
		if (first && r->flags & POSTERN_RULE_OBSERVE)
			report(pn, policy, p, PN_NO_RULE, rule, true);
	}
	if (first)
		pn_count(pn->stats, PN_COUNT_FLOWS_NEW);
	return NF_ACCEPT;
}

/* Block rules under observe, which stand before the one that decides. */
static void count_observed(struct pn_net *pn, const struct pn_policy *policy,
			   const struct pn_packet *p, u32 outcome)
{
	const struct pn_tables *t = &policy->tables;

	for (; outcome != PN_OUTCOME_NONE; outcome = t->outcome[outcome].next) {
		u32 rule = t->outcome[outcome].rule;

		if (policy->rules[rule].action != POSTERN_ACTION_BLOCK ||
		    !(policy->rules[rule].flags & POSTERN_RULE_OBSERVE))
			break;
		count_rule(policy, rule, 1, p->skb->len);
		report(pn, policy, p, PN_BLOCKED, rule, true);
	}
}

/* RFC 792, RFC 4443: those that a flow cannot do without. */
static bool passable_error(const struct pn_packet *p)
{
	u8 type = p->t.port >> 8;

	if (p->t.v6)
		return type == ICMPV6_DEST_UNREACH ||
		       type == ICMPV6_PKT_TOOBIG || type == ICMPV6_TIME_EXCEED;
	return type == ICMP_DEST_UNREACH || type == ICMP_TIME_EXCEEDED;
}

/*
 * A SYN+ACK that answers nothing seen here. If the SYN would have been allowed,
 * it went another way; if not, somebody scans.
 */
static bool answers_elsewhere(const struct pn_policy *policy,
			      const struct pn_packet *p)
{
	struct pn_tuple t = p->t;
	u32 rule;

	if ((p->tcp_flags & (PN_TCP_SYN | PN_TCP_ACK)) !=
	    (PN_TCP_SYN | PN_TCP_ACK))
		return false;
	t.saddr = p->t.daddr;
	t.daddr = p->t.saddr;
	t.zone_in = p->t.zone_out;
	t.zone_out = p->t.zone_in;
	t.port = p->sport;
	return pn_outcome_allows(policy, pn_classify(&policy->tables, &t), &rule);
}

/* A TCP segment that begins no flow. @reason: if it is no sign of one-way routes. */
static enum pn_reason not_opening(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_packet *p,
				  enum pn_reason reason)
{
	if (answers_elsewhere(policy, p))
		reason = PN_ONE_WAY;
	if (reason == PN_ONE_WAY && !READ_ONCE(pn->one_way))
		WRITE_ONCE(pn->one_way, true);
	return reason;
}

/* A packet that conntrack has no flow for, and will have none. */
static enum pn_reason judge_stray(struct pn_net *pn,
				  const struct pn_policy *policy,
				  const struct pn_packet *p,
				  enum ip_conntrack_info ctinfo)
{
	if (ctinfo == IP_CT_UNTRACKED)
		return PN_UNTRACKED;
	if (p->icmp_error)
		return PN_ICMP_ERROR;
	if (p->t.proto != IPPROTO_TCP)
		return PN_CT_INVALID;
	return not_opening(pn, policy, p, pn_flow_invalid(pn->net, p));
}

/* The first packet of a flow, or all of a flow that nobody answered yet. */
static enum pn_reason judge_new(struct pn_net *pn,
				const struct pn_policy *policy,
				const struct pn_packet *p, u32 *rule)
{
	u32 outcome, by;
	bool allowed;

	if (p->t.proto == IPPROTO_TCP && !pn_packet_opens_tcp(p))
		return not_opening(pn, policy, p, PN_TCP_NO_FLOW);
	if (!p->t.v6 && p->in &&
	    inet_addr_type_dev_table(pn->net, p->in,
				     ip_hdr(p->skb)->saddr) == RTN_BROADCAST)
		return PN_BROADCAST_SOURCE;
	outcome = pn_classify(&policy->tables, &p->t);
	count_observed(pn, policy, p, outcome);
	allowed = pn_outcome_allows(policy, outcome, rule);
	if (!allowed && *rule != U32_MAX)
		return PN_BLOCKED;
	if (pn_basis_of(pn, policy, &p->t, allowed, &by)) {
		*rule = by;
		return pn_inspect_open(p);
	}
	return allowed ? PN_OK : pn_basis_denied(policy, &p->t);
}

static enum pn_reason judge_known(struct pn_net *pn,
				  const struct pn_policy *policy,
				  struct pn_packet *p, struct nf_conn *ct,
				  enum ip_conntrack_info ctinfo,
				  struct pn_cut *cut, u32 *rule)
{
	bool allowed, inspected;
	enum pn_reason reason;
	struct pn_tuple t;
	u32 outcome;

	outcome = pn_flow_outcome(pn, policy, p, ct, ctinfo, &inspected);
	allowed = pn_outcome_allows(policy, outcome, rule);
	/* most flows are none of RPC's, and need to look no further */
	if (policy->nr_rpc && (inspected || !allowed) &&
	    (allowed || *rule == U32_MAX)) {
		pn_flow_tuple(&t, p, ct, ctinfo);
		/* of its SYN as well */
		if (p->icmp_error &&
		    (pn_inspected_has(pn, ct) ||
		     pn_basis_of(pn, policy, &t, allowed, rule)))
			return PN_OK;
		if (p->t.proto == IPPROTO_TCP &&
		    pn_inspect_packet(pn, policy, p, ct, ctinfo, &t, allowed,
				      cut, rule, &reason))
			return reason;
	}
	if (allowed)
		return PN_OK;
	if (policy->kept && pn_kept_has(policy, ct)) {
		*rule = U32_MAX;
		pn_count(pn->stats, PN_COUNT_KEPT);
		return PN_OK;
	}
	return *rule == U32_MAX ? PN_REVOKED : PN_BLOCKED;
}

/* Resets both ends: who sent the packet, and by the packet itself who waits for it. */
static unsigned int cut_off(const struct pn_packet *p, const struct pn_cut *cut,
			    const struct nf_hook_state *state)
{
	if (p->t.v6)
		nf_send_reset6(state->net, state->sk, p->skb, state->hook);
	else
		nf_send_reset(state->net, state->sk, p->skb, state->hook);
	return pn_mangle_reset(p, cut->seq) ? NF_ACCEPT : NF_DROP;
}

/* Parsed, with zones at both ends: what becomes of it? */
static unsigned int judge(struct pn_net *pn, const struct pn_policy *policy,
			  struct pn_packet *p, const struct nf_hook_state *state)
{
	enum ip_conntrack_info ctinfo;
	struct nf_conn *ct = nf_ct_get(p->skb, &ctinfo);
	u32 rule = U32_MAX;
	enum pn_reason reason;
	struct pn_cut cut = {};
	bool first = false;
	unsigned int verdict;

	if (!ct) {
		reason = judge_stray(pn, policy, p, ctinfo);
	} else if (p->icmp_error) {
		/* conntrack lets it through as related to a flow it knows */
		reason = passable_error(p) ?
			 judge_known(pn, policy, p, ct, ctinfo, &cut, &rule) :
			 PN_ICMP_ERROR;
		if (!reason)
			pn_count(pn->stats, PN_COUNT_RELATED);
	} else if (nf_ct_is_confirmed(ct)) {
		reason = judge_known(pn, policy, p, ct, ctinfo, &cut, &rule);
	} else {
		/* also what a helper expects: a rule must name it */
		reason = judge_new(pn, policy, p, &rule);
		first = !reason;
	}
	pn_count(pn->stats, PN_COUNT_PACKETS);
	if (reason) {
		verdict = drop(pn, policy, p, reason, cut.now ? U32_MAX : rule,
			       state);
		if (verdict == NF_DROP && cut.now)
			verdict = cut_off(p, &cut, state);
		return verdict;
	}
	return accept(pn, policy, p, rule, first, state);
}

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

static unsigned int decide_prerouting(void *priv, struct sk_buff *skb,
				      const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p = {
		.skb = skb,
		.in = state->in,
		.zone_out = PN_ZONE_NONE,
	};
	bool v6 = state->pf == NFPROTO_IPV6;
	u32 outcome = PN_OUTCOME_NONE, rule = U32_MAX;
	enum pn_reason reason;

	if (!policy || skb->pkt_type == PACKET_LOOPBACK ||
	    state->in->flags & IFF_LOOPBACK ||
	    /* a VRF's second pass */
	    netif_is_l3_master(state->in) || seems_bridged(skb, state->in))
		return NF_ACCEPT;
	p.zone_in = pn_zone_of_device(policy, state->in);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	p.t.zone_in = p.zone_in;

	reason = pn_packet_parse(&p, v6);
	if (!reason)
		reason = pn_guard_source(policy, &p, p.zone_in);
	/* where an answer is due, or nothing may be dropped, the hook forward decides */
	if (!reason && pn_packet_opens_tcp(&p) &&
	    !(policy->flags & POSTERN_POLICY_OBSERVE) && !policy->kept &&
	    !(policy->zones[p.zone_in].flags & POSTERN_ZONE_REJECT)) {
		reason = pn_guard_open(state->net, policy, &p, &outcome);
		if (reason) {
			count_observed(pn, policy, &p, outcome);
			pn_outcome_allows(policy, outcome, &rule);
		}
	}
	if (!reason)
		return NF_ACCEPT;
	pn_count(pn->stats, PN_COUNT_EARLY_DROPS);
	return drop(pn, policy, &p, reason, rule, state);
}

/* Before the kernel puts fragments together; for IPv6 only. */
static unsigned int decide_fragments(void *priv, struct sk_buff *skb,
				     const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p = {
		.skb = skb,
		.in = state->in,
		.zone_out = PN_ZONE_NONE,
	};
	enum pn_reason reason = pn_packet_check_fragment(skb);

	if (likely(!reason) || !policy || netif_is_l3_master(state->in) ||
	    seems_bridged(skb, state->in))
		return NF_ACCEPT;
	p.zone_in = pn_zone_of_device(policy, state->in);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	pn_packet_parse(&p, true);	/* as far as it goes, for the report */
	pn_count(pn->stats, PN_COUNT_EARLY_DROPS);
	return drop(pn, policy, &p, reason, U32_MAX, state);
}

static unsigned int decide_forward(void *priv, struct sk_buff *skb,
				   const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p = {
		.skb = skb,
		.in = state->in,
		.out = state->out,
		.zone_in = PN_ZONE_NONE,
		.zone_out = PN_ZONE_NONE,
	};
	bool v6 = state->pf == NFPROTO_IPV6;
	enum pn_reason reason = PN_NO_POLICY;

	if (only_bridged(skb, state))
		return NF_ACCEPT;
	if (!policy) {
		if (!pn_net_lockdown(pn))
			return NF_ACCEPT;
		pn_packet_parse(&p, v6);
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return drop(pn, policy, &p, reason, U32_MAX, state);
	}
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
		return drop(pn, policy, &p, reason, U32_MAX, state);
	}
	p.t.zone_in = p.zone_in;
	p.t.zone_out = p.zone_out;
	return judge(pn, policy, &p, state);
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

/* Answers to flows that began at the end which the policy leaves alone. */
static bool answers_unguarded(const struct sk_buff *skb, bool guarded)
{
	enum ip_conntrack_info ctinfo;
	const struct nf_conn *ct = nf_ct_get(skb, &ctinfo);

	return !guarded && ct && CTINFO2DIR(ctinfo) == IP_CT_DIR_REPLY;
}

static unsigned int decide_input(void *priv, struct sk_buff *skb,
				 const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p = {
		.skb = skb,
		.in = state->in,
		.zone_out = PN_ZONE_NONE,
	};
	bool v6 = state->pf == NFPROTO_IPV6;
	enum pn_reason reason;

	if (!policy || !policy->guards_input ||
	    state->in->flags & IFF_LOOPBACK ||
	    answers_unguarded(skb, policy->guards_output))
		return NF_ACCEPT;
	p.zone_in = zone_of_input(policy, state, skb, v6);
	if (p.zone_in == PN_ZONE_NONE)
		return NF_ACCEPT;
	reason = pn_packet_parse(&p, v6);
	if (reason) {
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return drop(pn, policy, &p, reason, U32_MAX, state);
	}
	if (pn_hook_needed_by_link(&p))
		return NF_ACCEPT;
	p.t.zone_in = p.zone_in;
	p.t.zone_out = policy->tables.zone_self;
	return judge(pn, policy, &p, state);
}

/* What the router's kernel answers itself: resets and ICMP errors. */
static bool own_answer(const struct pn_packet *p)
{
	enum ip_conntrack_info ctinfo;

	if (p->icmp_error)
		return true;
	return nf_ct_get(p->skb, &ctinfo) && p->tcp_flags & PN_TCP_RST &&
	       (ctinfo == IP_CT_RELATED || ctinfo == IP_CT_RELATED_REPLY);
}

static unsigned int decide_output(void *priv, struct sk_buff *skb,
				  const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	struct pn_packet p = {
		.skb = skb,
		.out = state->out,
		.zone_in = PN_ZONE_NONE,
	};
	enum pn_reason reason;

	if (!policy || !policy->guards_output ||
	    state->out->flags & IFF_LOOPBACK || netif_is_l3_master(state->out) ||
	    answers_unguarded(skb, policy->guards_input))
		return NF_ACCEPT;
	p.zone_out = pn_zone_of_device(policy, state->out);
	if (p.zone_out == PN_ZONE_NONE)
		return NF_ACCEPT;
	reason = pn_packet_parse(&p, state->pf == NFPROTO_IPV6);
	if (reason) {
		pn_count(pn->stats, PN_COUNT_PACKETS);
		return drop(pn, policy, &p, reason, U32_MAX, state);
	}
	if (pn_hook_needed_by_link(&p) || own_answer(&p))
		return NF_ACCEPT;
	p.t.zone_in = policy->tables.zone_self;
	p.t.zone_out = p.zone_out;
	return judge(pn, policy, &p, state);
}

/*
 * Counters and memos are per CPU. Most packets come here with BH disabled, but not
 * those that a process sends, nor those that a program behind NFQUEUE gives back.
 */
#define WITHOUT_BH(name)						\
static unsigned int name(void *priv, struct sk_buff *skb,		\
			 const struct nf_hook_state *state)		\
{									\
	unsigned int verdict;						\
									\
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
