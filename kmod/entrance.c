// SPDX-License-Identifier: GPL-2.0
/*
 * Packets of flows on the fast path, at the ingress of an interface: see fastpath.h.
 *
 * No header was looked at before: what the kernel's receive path drops or cuts off is
 * dropped or cut off here too, or left to it.
 */
#include <linux/if_vlan.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/netfilter.h>
#include <linux/skbuff.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <net/ip.h>

#include "ban.h"
#include "fastpath.h"
#include "flow.h"
#include "judge.h"
#include "lane.h"
#include "zone.h"

/**
 * struct entry - a packet, as far as it was read
 * @tuple: of its flow, as the table has it
 * @source: its address
 * @len: of the IP packet; there may be padding behind it
 * @ends: it may be the last of its flow
 */
struct entry {
	struct flow_offload_tuple tuple;
	struct pn_key source;
	unsigned int len;
	bool ends;
};

static bool read_tcp(struct entry *e, const struct tcphdr *th, unsigned int len)
{
	u8 flags = ((const u8 *)th)[13] &
		   (PN_TCP_FIN | PN_TCP_SYN | PN_TCP_RST | PN_TCP_ACK);

	if (th->doff < 5 || th->doff * 4U > len)
		return false;
	e->ends = flags == (PN_TCP_FIN | PN_TCP_ACK) ||
		  (flags & ~PN_TCP_ACK) == PN_TCP_RST;
	e->tuple.src_port = th->source;
	e->tuple.dst_port = th->dest;
	return e->ends || flags == PN_TCP_ACK;
}

static bool read_udp(struct entry *e, const struct udphdr *uh, unsigned int len)
{
	unsigned int said = ntohs(uh->len);

	if (said && (said < sizeof(*uh) || said > len))
		return false;
	e->tuple.src_port = uh->source;
	e->tuple.dst_port = uh->dest;
	return true;
}

/* The header at @thoff. Return: whether it is one of those that are forwarded. */
static bool read_transport(struct entry *e, struct sk_buff *skb,
			   unsigned int thoff)
{
	unsigned int need;

	switch (e->tuple.l4proto) {
	case IPPROTO_TCP:
		need = sizeof(struct tcphdr);
		break;
	case IPPROTO_UDP:
		need = sizeof(struct udphdr);
		break;
	default:
		return false;
	}
	if (e->len > skb->len || e->len < thoff + need ||
	    !pskb_may_pull(skb, thoff + need))
		return false;
	if (e->tuple.l4proto == IPPROTO_TCP)
		return read_tcp(e, (void *)(skb_network_header(skb) + thoff),
				e->len - thoff);
	return read_udp(e, (void *)(skb_network_header(skb) + thoff),
			e->len - thoff);
}

static bool read_ipv4(struct entry *e, struct sk_buff *skb)
{
	const struct iphdr *iph;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ip_hdr(skb);
	if (iph->version != 4 || iph->ihl != 5 || ip_is_fragment(iph) ||
	    iph->ttl <= 1 || ip_fast_csum(iph, 5))
		return false;
	e->len = ntohs(iph->tot_len);
	e->source = (struct pn_key){ .hi = ntohl(iph->saddr) };
	e->tuple.src_v4.s_addr = iph->saddr;
	e->tuple.dst_v4.s_addr = iph->daddr;
	e->tuple.l3proto = AF_INET;
	e->tuple.l4proto = iph->protocol;
	return read_transport(e, skb, sizeof(*iph));
}

static bool read_ipv6(struct entry *e, struct sk_buff *skb)
{
	const struct ipv6hdr *iph;

	if (!pskb_may_pull(skb, sizeof(*iph)))
		return false;
	iph = ipv6_hdr(skb);
	if (iph->version != 6 || iph->hop_limit <= 1 || !iph->payload_len)
		return false;
	e->len = sizeof(*iph) + ntohs(iph->payload_len);
	e->source = pn_packet_key6(&iph->saddr);
	e->tuple.src_v6 = iph->saddr;
	e->tuple.dst_v6 = iph->daddr;
	e->tuple.l3proto = AF_INET6;
	e->tuple.l4proto = iph->nexthdr;
	return read_transport(e, skb, sizeof(*iph));
}

/*
 * By which rule may it pass? As in the forward hook: the flow between the zones of the
 * interfaces, by the policy in force. Return: U32_MAX: none.
 */
static u32 judge(struct pn_net *pn, const struct pn_policy *policy,
		 const struct flow_offload *flow, int dir,
		 const struct net_device *in)
{
	const struct flow_offload_tuple *tuple = &flow->tuplehash[dir].tuple;
	struct pn_packet p;
	bool inspected, *settled;
	u32 outcome, rule;

	p.t.zone_in = pn_zone_of_device(policy, in);
	p.t.zone_out = pn_zone_of_device(policy, tuple->dst_cache->dev);
	if (p.t.zone_in == PN_ZONE_NONE || p.t.zone_out == PN_ZONE_NONE ||
	    READ_ONCE(policy->zones_lost))
		return U32_MAX;
	outcome = pn_flow_outcome(pn, policy, &p, flow->ct,
				  dir == FLOW_OFFLOAD_DIR_ORIGINAL ?
				  IP_CT_ESTABLISHED : IP_CT_ESTABLISHED_REPLY,
				  &inspected, &settled);
	return pn_outcome_allows(policy, outcome, &rule) ? rule : U32_MAX;
}

/* The hook takes it, or leaves it as it was. */
static unsigned int forward(struct pn_net *pn, const struct pn_policy *policy,
			    struct pn_fastpath *fast, struct sk_buff *skb,
			    const struct nf_hook_state *state, u32 rule)
{
	unsigned int verdict, len = skb->len;
	u32 mark = skb->mark;

	skb->mark = pn_judge_mark(policy, rule, mark);
	verdict = skb->protocol == htons(ETH_P_IP) ?
		  nf_flow_offload_ip_hook(&fast->table, skb, state) :
		  nf_flow_offload_ipv6_hook(&fast->table, skb, state);
	if (verdict == NF_ACCEPT)
		skb->mark = mark;
	else if (verdict == NF_DROP)
		pn_judge_lost(pn);
	else
		pn_judge_passed(pn, policy, rule, len);
	return verdict;
}

unsigned int pn_lane_enter(void *priv, struct sk_buff *skb,
			   const struct nf_hook_state *state)
{
	struct pn_net *pn = priv;
	const struct pn_policy *policy = rcu_dereference(pn->policy);
	/* pairs with pn_fastpath_review() */
	struct pn_fastpath *fast = smp_load_acquire(&pn->fastpath);
	struct flow_offload_tuple_rhash *hash;
	struct flow_offload *flow;
	struct entry e = {};
	u32 rule;

	if (!policy || !fast || skb->pkt_type != PACKET_HOST ||
	    skb_vlan_tag_present(skb) || !pn_lane_open(pn, policy))
		return NF_ACCEPT;
	if (skb->protocol == htons(ETH_P_IP) ? !read_ipv4(&e, skb) :
	    skb->protocol != htons(ETH_P_IPV6) || !read_ipv6(&e, skb))
		return NF_ACCEPT;
	e.tuple.iifidx = state->in->ifindex;
	hash = flow_offload_lookup(&fast->table, &e.tuple);
	if (!hash)
		return NF_ACCEPT;
	flow = container_of(hash, struct flow_offload,
			    tuplehash[hash->tuple.dir]);
	/* who is banned is told so by the hooks */
	if (!e.ends && pn_ban_has(pn, e.tuple.l3proto == AF_INET6, e.source))
		return NF_ACCEPT;
	if (e.tuple.l3proto == AF_INET6 && pn_lane_rerouted(pn, fast))
		return NF_ACCEPT;
	rule = e.ends || !pn_flow_holds(&hash->tuple) ? U32_MAX :
			judge(pn, policy, flow, hash->tuple.dir, state->in);
	if (rule == U32_MAX) {
		pn_lane_end(flow);
		return NF_ACCEPT;
	}
	if (pskb_trim_rcsum(skb, e.len))
		return NF_ACCEPT;
	return forward(pn, policy, fast, skb, state, rule);
}
